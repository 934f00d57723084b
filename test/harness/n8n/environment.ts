import type { Circus } from '@jest/types';
import { TestEnvironment } from 'jest-environment-node';

import { collectFailureLogs } from '../process/failureLogs';
import { N8N_VERSION_VARIABLE, projectOptionsSchema } from './runtime';

/**
 * Jest's Node environment for suites on real servers: it tells the tests which n8n their project
 * is for, and prints the logs of the servers when a test or a hook fails.
 */
export default class ServerEnvironment extends TestEnvironment {
	constructor(...[config, context]: ConstructorParameters<typeof TestEnvironment>) {
		super(config, context);
		const { n8nVersion } = projectOptionsSchema.parse(config.projectConfig.testEnvironmentOptions);
		// The tests' own copy of the environment: other projects of this process do not see it.
		if (n8nVersion !== undefined) this.global.process.env[N8N_VERSION_VARIABLE] = n8nVersion;
	}

	handleTestEvent(event: Circus.Event): void {
		if (event.name !== 'test_fn_failure' && event.name !== 'hook_failure') return;
		const logs = collectFailureLogs(this.global);
		const name = event.test?.name ?? 'a hook';
		if (logs !== '') process.stderr.write(`\nServer logs when “${name}” failed:\n${logs}\n`);
	}
}
