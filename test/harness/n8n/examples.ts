import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

import type { WorkflowJson } from './workflow';

export const EXAMPLES_FOLDER = join(__dirname, '..', '..', '..', 'examples');

const PACKAGE = 'n8n-nodes-aivideoapi-kling.';

/** `ai_…` for what an AI Agent stands on: its model, memory and tools. */
const linkTypeSchema = z.enum(['main', 'ai_languageModel', 'ai_memory', 'ai_tool']);

const linkSchema = z.object({ node: z.string(), type: linkTypeSchema, index: z.number() });

/** Strict: an example holds no credentials, no pinned data and nothing of the instance it came from. */
const exampleSchema = z
	.object({
		name: z.string().min(1),
		nodes: z.array(
			z
				.object({
					id: z.string().uuid(),
					name: z.string().min(1),
					type: z.string(),
					typeVersion: z.number(),
					position: z.tuple([z.number().int(), z.number().int()]),
					webhookId: z.string().uuid().optional(),
					onError: z.enum(['continueErrorOutput', 'continueRegularOutput']).optional(),
					executeOnce: z.literal(true).optional(),
					parameters: z.record(z.unknown()),
				})
				.strict(),
		),
		connections: z.record(z.record(linkTypeSchema, z.array(z.array(linkSchema)))),
		settings: z.object({ executionOrder: z.literal('v1') }).strict(),
	})
	.strict();

export type Example = z.infer<typeof exampleSchema>;
export type ExampleNode = Example['nodes'][number];

/** The names of all examples, without the ending. */
export const EXAMPLES: readonly string[] = readdirSync(EXAMPLES_FOLDER)
	.filter((file) => file.endsWith('.json'))
	.map((file) => file.replace(/\.json$/, ''));

export function readExample(name: string): Example {
	return exampleSchema.parse(
		JSON.parse(readFileSync(join(EXAMPLES_FOLDER, `${name}.json`), 'utf8')),
	);
}

const settingsSchema = z.object({
	assignments: z.object({
		assignments: z.array(z.object({ name: z.string(), value: z.unknown() }).passthrough()),
	}),
});

/** The parameters of an example's node “Settings” with other values in its fields. */
export function withSettings(
	parameters: unknown,
	values: Readonly<Record<string, string>>,
): Record<string, unknown> {
	const { assignments } = settingsSchema.parse(parameters).assignments;
	const unknown = Object.keys(values).find(
		(field) => !assignments.some(({ name }) => name === field),
	);
	if (unknown !== undefined) throw new Error(`“Settings” has no field “${unknown}”.`);
	return {
		assignments: {
			assignments: assignments.map((field) => ({
				...field,
				value: values[field.name] ?? field.value,
			})),
		},
	};
}

/** The credentials that nodes of others need, by the end of their type's name. */
const FOREIGN_CREDENTIALS: Readonly<Record<string, string>> = {
	lmChatOpenAi: 'openAiApi',
	mcpTrigger: 'httpBearerAuth',
	telegram: 'telegramApi',
	googleDrive: 'googleDriveOAuth2Api',
	googleSheets: 'googleSheetsOAuth2Api',
	youTube: 'youTubeOAuth2Api',
};

/** The type of credential that a node of another package needs, if it needs one. */
export function foreignCredential({ type }: Pick<ExampleNode, 'type'>): string | undefined {
	return FOREIGN_CREDENTIALS[type.split('.').at(-1) ?? ''];
}

/** The same with credentials in nodes of others, by the credential's type. */
export function withForeignCredentials(
	json: WorkflowJson,
	ids: Readonly<Record<string, string>>,
): WorkflowJson {
	return {
		...json,
		nodes: json.nodes.map((node) => {
			const type = foreignCredential(node) ?? '';
			const id = ids[type];
			return id === undefined ? node : { ...node, credentials: { [type]: { id, name: type } } };
		}),
	};
}

/**
 * An example once its user has chosen a credential in the Kling nodes.
 *
 * @param change further parameters of a node
 */
export function withCredential(
	example: Example,
	credential: string,
	change: (node: ExampleNode) => Record<string, unknown> = () => ({}),
): WorkflowJson {
	return {
		...example,
		nodes: example.nodes.map((node) => ({
			...node,
			parameters: { ...node.parameters, ...change(node) },
			...(node.type.startsWith(PACKAGE)
				? { credentials: { aiVideoApi: { id: credential, name: 'AI Video API' } } }
				: {}),
		})),
	};
}
