/**
 * What of a request target is shown. Paths and queries carry secrets: reset links, signed URLs, API keys. So a query is
 * shown only on request, values of names that stand for secrets never, and segments that look like tokens only on request.
 */

export interface TargetOptions {
	/** Show the query, with the values of secrets left out. Default false. */
	readonly query?: boolean;
	/** Show segments (and values) that look like tokens as they are. Default false: `:id`, as in routes, or `:token`. */
	readonly raw?: boolean;
}

const REDACTED = "[redacted]";
const TOKEN = ":token";
const ID = ":id";

/** Names, in lower case and without punctuation, that stand for a secret. */
const SECRET_NAMES = new Set(
	"accesskeyid assertion auth authorization awsaccesskeyid bearer code cookie csrf hash hmac jwt key nonce otp pass pin pw samlrequest samlresponse session sid sig state ticket xsrf".split(
		" ",
	),
);
/** What names end in that stand for a secret: `user_password`, `X-Amz-Signature`, `access_token`. */
const SECRET_ENDINGS =
	/(?:accesskey|apikey|credentials?|passcode|passphrase|passwd|password|privatekey|pwd|secret|secretkey|sessionid|sessid|sessionkey|signature|signingkey|subscriptionkey|token)$/;

/** As in the kernel's routes (bpf/route.h): hexadecimal digits and dashes, at least 16 of them, one of them a digit. */
const HEX_ID = /^(?=.*\d)(?=.*[a-f-])[\da-f-]{16,}$/i;
/** Three base64url texts with dots in between. */
const JWT = /^[\w-]{10,}\.[\w-]{4,}\.[\w-]*$/;
const BASE64_WORD = /^[\w+~=-]+$/;
const SHORTEST_TOKEN = 20;
/** A word of this many letters is still a word; names are made of such, with dashes or underscores in between. */
const LONGEST_WORD = 15;
/** Between letters and digits, or cases; in names with a date or a version there are fewer. */
const FEWEST_CHANGES = 5;

/**
 * A target as it may be shown. Showing it again changes nothing.
 * @param target path and query as on the wire, or `host:port` of a CONNECT
 */
export function shownTarget(target: string, options: TargetOptions = {}): string {
	const [path = "", ...queries] = target.split("?");
	const shown = path.split("/").map((segment) => shownSegment(segment, options));
	if (options.query !== true || queries.length === 0) return shown.join("/");
	return `${shown.join("/")}?${shownPairs(queries.join("?"), options)}`;
}

/** A segment can have parameters of its own: `/cart;jsessionid=1234`. In a CONNECT it may name a user. */
function shownSegment(segment: string, options: TargetOptions): string {
	const [name = "", ...parameters] = segment.split(";");
	const user = /^[^@]*:[^@]*@/.exec(name);
	const first = user === null ? shownValue(name, options) : `${REDACTED}@${name.slice(user[0].length)}`;
	return [first, ...parameters.map((pair) => shownPair(pair, options))].join(";");
}

/** Pairs of a query, with the separators as they are. */
function shownPairs(query: string, options: TargetOptions): string {
	return query
		.split(/([&;])/)
		.map((part, i) => (i % 2 === 0 ? shownPair(part, options) : part))
		.join("");
}

function shownPair(pair: string, options: TargetOptions): string {
	const equals = pair.indexOf("=");
	if (equals < 0) return shownValue(pair, options);
	const [name, value] = [pair.slice(0, equals), pair.slice(equals + 1)];
	return `${name}=${value !== "" && isSecretName(name) ? REDACTED : shownValue(value, options)}`;
}

function shownValue(value: string, { raw = false }: TargetOptions): string {
	if (raw) return value;
	if (HEX_ID.test(value)) return ID;
	return looksLikeToken(value) ? TOKEN : value;
}

/** Whether a parameter of this name, as on the wire, is one whose value nobody should see. */
export function isSecretName(wireName: string): boolean {
	const name = decoded(wireName)
		.toLowerCase()
		.replace(/[^a-z]/g, "");
	return SECRET_NAMES.has(name) || SECRET_ENDINGS.test(name);
}

/** Percent-encoding hides no name. */
function decoded(text: string): string {
	return text.replace(/%([\da-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

/**
 * Whether a text looks random rather than chosen by somebody: a JWT, or at least 20 letters and digits that are not words
 * with dashes in between. It is a guess; a token that looks like a word passes.
 */
export function looksLikeToken(wireText: string): boolean {
	const text = decoded(wireText);
	if (text.length < SHORTEST_TOKEN) return false;
	if (JWT.test(text) && /\d/.test(text) && /[A-Z]/.test(text)) return true;
	if (!BASE64_WORD.test(text)) return false;
	const longest = Math.max(...text.split(/[-_]/).map(({ length }) => length));
	const hasDigit = /\d/.test(text);
	if (!/[a-z]/i.test(text)) return false;
	if (hasDigit)
		return longest > LONGEST_WORD || changes(text, /[a-z](?=[A-Z\d])|[A-Z](?=\d)|\d(?=[a-zA-Z])/g) >= FEWEST_CHANGES;
	return longest > SHORTEST_TOKEN && changes(text, /[a-z](?=[A-Z])|[A-Z](?=[a-z])/g) > text.length * 0.4;
}

/** How often letters of both cases and digits change: seldom in words, numbers, dates and `someCamelCaseName`. */
function changes(text: string, pattern: RegExp): number {
	return text.match(pattern)?.length ?? 0;
}
