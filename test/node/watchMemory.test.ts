import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const MEASURE = join(__dirname, '..', 'harness', 'node', 'measureWatch.ts');

test('looking after 4,000 sleeping executions costs less than a kilobyte each', async () => {
	const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', MEASURE], {
		timeout: 50_000,
	});
	process.stderr.write(`${stdout.trim()} bytes for each sleeping execution\n`);
	expect(Number(stdout)).toBeGreaterThan(100);
	expect(Number(stdout)).toBeLessThan(1_024);
});
