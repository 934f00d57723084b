import type { Config } from '@jest/types';

import { packPackage, TARBALL_VARIABLE } from './package';
import { ensureRuntime, projectOptionsSchema } from './runtime';

/** Before the first end-to-end test: n8n is installed, and the package is built and packed once. */
export default async function globalSetup(
	_: Config.GlobalConfig,
	project: Config.ProjectConfig,
): Promise<void> {
	const { n8nVersion } = projectOptionsSchema.parse(project.testEnvironmentOptions);
	await ensureRuntime((line) => process.stderr.write(`${line}\n`), n8nVersion);
	process.env[TARBALL_VARIABLE] = await packPackage();
}
