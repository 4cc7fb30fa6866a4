/** The views of endpoints and of services. */
import { filterTextOf } from "../model/filter-text.js";
import type { Moment } from "../model/history.js";
import { endpointKey } from "../model/rows.js";
import type { EndpointLabels, Role } from "../model/snapshot.js";
import {
	classColumns,
	countColumn,
	countsColumn,
	errorShareColumn,
	inFlightColumn,
	latencyColumns,
	type MeasuredRow,
	minuteColumn,
	rateColumn,
	roleColumn,
	serviceColumn,
	textColumn,
} from "./columns-common.js";
import { groupMeasures } from "./measures.js";
import type { ScreenColumn } from "./table.js";
import { defineView } from "./view.js";

export interface EndpointItem extends MeasuredRow, EndpointLabels {}

/** Columns that say which endpoint it is: the errors' too. @param serviceDropOrder how little the service matters */
export function endpointColumns<Row extends EndpointLabels>(serviceDropOrder: number): readonly ScreenColumn<Row>[] {
	return [
		serviceColumn(serviceDropOrder),
		roleColumn(3),
		{
			id: "port",
			title: "PORT",
			align: "end",
			width: 5,
			dropOrder: 8,
			value: ({ port }) => port,
			cell: ({ port }) => ({ text: String(port) }),
			help: "The server's port.",
		},
		textColumn("method", ({ method }) => method, {
			width: 7,
			dropOrder: 3,
			help: "HTTP method; one that is not registered is _OTHER.",
		}),
		textColumn("endpoint", ({ route }) => route, {
			width: { least: 14, comfortable: 32, most: 60 },
			dropOrder: 0,
			help: "Path as a template: numbers, UUIDs and long hexadecimal parts are :id, queries are left out.",
		}),
	];
}

export const endpointsView = defineView<EndpointItem>({
	id: "endpoints",
	what: "Each endpoint: what is asked for most, how it is answered, how fast.",
	columns: [
		...endpointColumns<EndpointItem>(2),
		rateColumn(),
		countsColumn(),
		...classColumns<EndpointItem>(),
		errorShareColumn(),
		...latencyColumns<EndpointItem>(),
		inFlightColumn(),
		minuteColumn(),
		textColumn("peer", ({ peer }) => peer ?? "-", {
			width: { least: 9, comfortable: 21, most: 30 },
			dropOrder: 12,
			help: "For clients, where they ask.",
		}),
	],
	sort: { column: "rate", descending: true },
	rows: (moment) =>
		groupMeasures(moment, endpointKey, (key, row, measures) => ({ ...row, key, measures, minute: moment.minute })),
	open: ({ key }) => ({ kind: "endpoint", key }),
});

interface ServiceItem extends MeasuredRow {
	readonly service: string;
	readonly role: Role;
}

function serviceRows(moment: Moment): ServiceItem[] {
	return groupMeasures(
		moment,
		({ role, service }) => JSON.stringify([role, service]),
		(key, { service, role }, measures) => ({ key, service, role, measures, minute: moment.minute }),
	);
}

export const servicesView = defineView<ServiceItem>({
	id: "services",
	what: "Each service, all its endpoints together. Enter shows them.",
	columns: [
		{ ...serviceColumn<ServiceItem>(0), width: { least: 10, comfortable: 16, most: 40 } },
		roleColumn(2),
		countColumn("endpoints", ({ measures }) => measures.endpointKeys.length, {
			title: "ENDP",
			dropOrder: 3,
			help: "How many endpoints were seen.",
		}),
		rateColumn(),
		countsColumn(),
		...classColumns<ServiceItem>(),
		errorShareColumn(),
		...latencyColumns<ServiceItem>(),
		inFlightColumn(),
		minuteColumn(),
	],
	sort: { column: "rate", descending: true },
	rows: serviceRows,
	open: ({ service, role }) => ({ kind: "filter", text: filterTextOf({ service, role }) }),
});
