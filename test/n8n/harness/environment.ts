import type { Circus } from '@jest/types';
import { TestEnvironment } from 'jest-environment-node';

import { collectFailureLogs } from './failureLogs';

/** Jest's Node environment that, when a test or a hook fails, prints the logs of its servers. */
export default class LoggingEnvironment extends TestEnvironment {
	handleTestEvent(event: Circus.Event): void {
		if (event.name !== 'test_fn_failure' && event.name !== 'hook_failure') return;
		const logs = collectFailureLogs(this.global);
		const name = event.test?.name ?? 'a hook';
		if (logs !== '') process.stderr.write(`\nServer logs when “${name}” failed:\n${logs}\n`);
	}
}
