import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';

const ROOT = resolve(__dirname, '..', '..');
const PROGRAM = join(ROOT, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
const CONFIG = join(ROOT, '.dependency-cruiser.cjs');

const verdictSchema = z.object({
	summary: z.object({
		totalCruised: z.number(),
		violations: z.array(
			z.object({ rule: z.object({ name: z.string() }), from: z.string(), to: z.string() }),
		),
	}),
});

const ROOMS = 'nodes/Kling';
/** Imports that are not there, by what is wrong with them. */
const FORBIDDEN: Array<[rule: string, from: string, to: string]> = [
	['n8n-imports-downwards', `${ROOMS}/n8n/async.ts`, `${ROOMS}/api/retry.ts`],
	['api-imports-downwards', `${ROOMS}/api/retry.ts`, `${ROOMS}/parameters/read.ts`],
	['parameters-imports-downwards', `${ROOMS}/parameters/read.ts`, `${ROOMS}/images/imageType.ts`],
	[
		'callback-images-result-imports-downwards',
		`${ROOMS}/result/task.ts`,
		`${ROOMS}/waiting/wait.ts`,
	],
	[
		'creating-waiting-imports-downwards',
		`${ROOMS}/creating/journal.ts`,
		`${ROOMS}/operations/create.ts`,
	],
	[
		'operations-webhooks-imports-downwards',
		`${ROOMS}/operations/wait.ts`,
		`${ROOMS}/Kling.node.ts`,
	],
	['every-room-is-on-the-map', `${ROOMS}/Kling.node.ts`, `${ROOMS}/extra/room.ts`],
	['no-circles', `${ROOMS}/api/failure.ts`, `${ROOMS}/api/retry.ts`],
	['rooms-form-no-circle', `${ROOMS}/callback`, `${ROOMS}/result`],
	['shipped-code-imports-no-tests-or-tools', `${ROOMS}/Kling.node.ts`, 'test/a.ts'],
	['tests-import-no-tools', 'test/a.ts', 'tools/b.ts'],
];
/** What it takes for the circles among them. */
const MORE: Array<[from: string, to: string]> = [
	[`${ROOMS}/api/retry.ts`, `${ROOMS}/api/failure.ts`],
	[`${ROOMS}/callback/target.ts`, `${ROOMS}/result/task.ts`],
	[`${ROOMS}/result/hints.ts`, `${ROOMS}/callback/registration.ts`],
];

/** What the rules say about the repository's nodes with further imports in them. */
function judge(imports: Array<[from: string, to: string]>) {
	const folder = mkdtempSync(join(tmpdir(), 'kling-layers-'));
	try {
		cpSync(join(ROOT, 'nodes'), join(folder, 'nodes'), { recursive: true });
		cpSync(join(ROOT, 'tsconfig.json'), join(folder, 'tsconfig.json'));
		for (const file of ['test/a.ts', 'tools/b.ts', ...imports.flat()].map((f) => join(folder, f))) {
			mkdirSync(dirname(file), { recursive: true });
			if (file.endsWith('.ts')) appendFileSync(file, '');
		}
		for (const [from, to] of imports.filter(([file]) => file.endsWith('.ts'))) {
			appendFileSync(join(folder, from), `\nimport '${join(folder, to).replace(/\.ts$/, '')}';\n`);
		}
		const args = [PROGRAM, '--config', CONFIG, '--output-type', 'json', 'nodes', 'test', 'tools'];
		const { stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
		return verdictSchema.parse(JSON.parse(stdout)).summary;
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

describe('refused is what breaks the rule', () => {
	const planted = FORBIDDEN.map(([, from, to]): [string, string] => [from, to]);
	let violations: ReturnType<typeof judge>['violations'] = [];
	beforeAll(() => {
		violations = judge([...planted, ...MORE]).violations;
	});

	test.each(FORBIDDEN)('%s: %s → %s', (rule, from, to) => {
		const found = violations.filter(({ rule: { name } }) => name === rule);
		expect(found).toContainEqual(expect.objectContaining({ from, to }));
	});
});
