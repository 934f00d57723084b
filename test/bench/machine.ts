import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

import { runtimeFolder } from '../harness/n8n/runtime';

const manifestSchema = z.object({ version: z.string() });
const MODULES = join(runtimeFolder(), 'node_modules');

function versionOf(name: string): string {
	const manifest = readFileSync(join(MODULES, name, 'package.json'), 'utf8');
	return manifestSchema.parse(JSON.parse(manifest)).version;
}

/** What the figures were measured on, in one sentence each. */
export function describeMachine(): string[] {
	const gibibytes = Math.round(totalmem() / 2 ** 30);
	const model = (cpus()[0]?.model ?? 'unknown').trim();
	const node = process.versions.node.startsWith('24.') ? process.versions.node : versionOf('node');
	return [
		`${availableParallelism()} cores of ${model}, ${gibibytes} GiB of memory, ${type()} ${release()}`,
		`n8n ${versionOf('n8n')} on Node ${node}; emulator and load generator on the same machine, Node ${process.versions.node}`,
	];
}
