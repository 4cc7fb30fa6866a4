/** The doctor's probes of the real machine. */
import type { DoctorProbes } from "./doctor.js";

/** A load that only tries needs no room. */
const TRIAL_ENDPOINTS = 16;

/** Everything native is imported when it is probed: on a machine where it cannot be, that is a result too. */
export const systemProbes: DoctorProbes = {
	async libbpfVersion() {
		const { libbpfVersion } = await import("../kernel/libbpf.js");
		return libbpfVersion();
	},
	async objectPath() {
		const { objectPath } = await import("./programs.js");
		return objectPath();
	},
	async tryLoad() {
		const { loadPrograms, tableSizes } = await import("./programs.js");
		loadPrograms(tableSizes({ maxEndpoints: TRIAL_ENDPOINTS })).close();
	},
	async tryTls() {
		const { loadPrograms, tableSizes } = await import("./programs.js");
		const { tryTlsPrograms } = await import("./tls-source.js");
		const sizes = tableSizes({ maxEndpoints: TRIAL_ENDPOINTS });
		const programs = loadPrograms(sizes, { isTlsRead: true });
		try {
			tryTlsPrograms(programs, sizes);
		} finally {
			programs.close();
		}
	},
	async tryOwnCgroup() {
		const { OwnCgroup } = await import("./own-cgroup.js");
		OwnCgroup.create("doctor").close();
	},
	async tryAttach() {
		const { OwnCgroup } = await import("./own-cgroup.js");
		const { CaptureSession } = await import("./session.js");
		const { resolveScope } = await import("./scope.js");
		const { ServiceNames } = await import("../identity/service-names.js");
		const cgroup = OwnCgroup.create("doctor");
		try {
			// nothing runs in there, so nothing is watched
			const scope = resolveScope({ cgroups: [cgroup.path] });
			const limits = { maxEndpoints: TRIAL_ENDPOINTS };
			(await CaptureSession.open({ scope, names: new ServiceNames(), limits })).close();
		} finally {
			cgroup.close();
		}
	},
};
