import { packPackage, TARBALL_VARIABLE } from './package';
import { ensureRuntime } from './runtime';

/** Before the first end-to-end test: n8n is installed, and the package is built and packed once. */
export default async function globalSetup(): Promise<void> {
	await ensureRuntime((line) => process.stderr.write(`${line}\n`));
	process.env[TARBALL_VARIABLE] = await packPackage();
}
