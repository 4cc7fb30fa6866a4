/** Test machines with other kernels (tools/lib/vm.mjs) are emulated: some twenty times slower than the host. */

/** Whether the tests run in one; test/vm/guest.ts says so. */
export const isEmulated = process.env.HTTPEEK_TEST_EMULATED === "1";

/** How many times as long as usual to wait for something. */
export const PATIENCE = isEmulated ? 8 : 1;
