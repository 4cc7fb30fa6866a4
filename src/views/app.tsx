/** The screen as ink draws it: one row for each line, and somebody who listens to the keys. All else is decided before. */
import { Box, Text, Transform, useInput } from "ink";
import { memo } from "react";
import { keysOf } from "./keys.js";
import type { Key } from "./reduce.js";

export interface AppProps {
	/** Fit the screen already, with their colours. */
	readonly lines: readonly string[];
	/** Absent where there is no keyboard. */
	readonly onKeys?: ((keys: readonly Key[]) => void) | undefined;
}

/**
 * A line, put in when the place for it is found. As a Text it would be measured, which takes a third of ink's time although
 * the line fits already; and ink keeps each text that it has ever measured, so a view that is left open would grow for ever.
 */
const Line = memo(({ text }: { readonly text: string }) => (
	<Transform transform={() => text}>
		<Text> </Text>
	</Transform>
));

function Keyboard({ onKeys }: { readonly onKeys: (keys: readonly Key[]) => void }): null {
	useInput((input, key) => onKeys(keysOf(input, key)));
	return null;
}

export function App({ lines, onKeys }: AppProps) {
	return (
		<Box flexDirection="column">
			{onKeys === undefined ? null : <Keyboard onKeys={onKeys} />}
			{lines.map((text, row) => (
				<Line key={row} text={text} />
			))}
		</Box>
	);
}
