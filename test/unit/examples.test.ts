import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

import { estimateCredits } from '../../nodes/Kling/api/pricing';
import {
	EXAMPLES,
	EXAMPLES_FOLDER,
	readExample,
	withCredential,
	type ExampleNode,
} from '../harness/n8n/examples';

const STICKY_NOTE = 'n8n-nodes-base.stickyNote';

const sizeSchema = z.object({ width: z.number(), height: z.number() });

test('an example gets the credential in the nodes of this package, and only there', () => {
	const { nodes } = withCredential(readExample('webhook-to-video'), 'the-id');
	const given = nodes.filter(({ credentials }) => credentials?.aiVideoApi?.id === 'the-id');
	expect(given.map(({ name }) => name)).toEqual(['Create Video', 'Kling Trigger']);
});

test('many-images has a limit that a dozen videos stay below', () => {
	const create = readExample('many-images').nodes.find(({ name }) => name === 'Create Videos');
	const limit = z
		.object({ options: z.object({ maxCredits: z.number() }) })
		.parse(create?.parameters);
	expect(limit.options.maxCredits).toBeGreaterThanOrEqual(12 * estimateCredits(5, false));
});

describe.each(EXAMPLES)('%s', (file) => {
	const { nodes, connections } = readExample(file);

	test('has a name of its own, and nodes that are all connected', () => {
		expect(file).toMatch(/^[a-z]+(-[a-z]+)*$/);
		const names = nodes.map(({ name }) => name);
		expect(new Set(names).size).toBe(names.length);
		expect(new Set(nodes.map(({ id }) => id)).size).toBe(nodes.length);
		const targets = Object.values(connections).flatMap((outputs) =>
			Object.values(outputs)
				.flat(2)
				.map((link) => link.node),
		);
		const serving = Object.entries(connections).flatMap(([name, { main }]) =>
			main === undefined ? [name] : [],
		);
		expect(names).toEqual(expect.arrayContaining([...Object.keys(connections), ...targets]));
		const loose = nodes.filter(
			({ name, type }) =>
				![...targets, ...serving].includes(name) && !/trigger$|webhook$|stickyNote$/i.test(type),
		);
		expect(loose).toEqual([]);
	});

	test('explains itself in one sticky note, and nothing lies on anything else', () => {
		const notes = nodes.filter(({ type }) => type === STICKY_NOTE);
		expect(notes).toHaveLength(1);
		for (const note of notes) {
			expect(note.parameters.content).toMatch(/\*\*To set:\*\*.*\*\*How it waits:\*\*/s);
		}
		const overlapping = nodes.filter((one) =>
			nodes.some((other) => one.id < other.id && overlap(one, other)),
		);
		expect(overlapping.map(({ name }) => name)).toEqual([]);
	});

	test('ends in something that does something', () => {
		expect(nodes.filter(({ type }) => type.endsWith('.noOp'))).toEqual([]);
	});

	test('holds no text in angle brackets, which n8n would strip from its messages', () => {
		expect(JSON.stringify(nodes)).not.toMatch(/<[a-z]/i);
	});
});

test('no two examples listen at the same address', () => {
	const paths = EXAMPLES.flatMap((file) => readExample(file).nodes)
		.filter(({ type }) => type === 'n8n-nodes-base.webhook')
		.map(({ parameters }) => parameters.path);
	expect(new Set(paths).size).toBe(paths.length);
});

test('the README names every example', () => {
	const readme = readFileSync(join(EXAMPLES_FOLDER, 'README.md'), 'utf8');
	expect(EXAMPLES.filter((file) => !readme.includes(`(${file}.json)`))).toEqual([]);
});

/** Where the editor draws a node with its name, or a sticky note. */
function boxOf({ type, position: [left, top], parameters }: ExampleNode) {
	const size = type === STICKY_NOTE ? sizeSchema.parse(parameters) : { width: 160, height: 140 };
	return { left, top, right: left + size.width, bottom: top + size.height };
}

function overlap(one: ExampleNode, other: ExampleNode): boolean {
	const [a, b] = [boxOf(one), boxOf(other)];
	return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
