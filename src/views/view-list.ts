/** The views by their names, in the order of their digits. */
import { VIEW_IDS, type View, type ViewId } from "./view.js";
import { errorsView } from "./view-errors.js";
import { connectionsView, peersView } from "./view-network.js";
import { endpointsView, servicesView } from "./view-traffic.js";

const VIEWS: Readonly<Record<ViewId, View>> = {
	endpoints: endpointsView,
	services: servicesView,
	errors: errorsView,
	connections: connectionsView,
	peers: peersView,
};

export function viewOf(id: ViewId): View {
	return VIEWS[id];
}

export const ALL_VIEWS: readonly View[] = VIEW_IDS.map(viewOf);
