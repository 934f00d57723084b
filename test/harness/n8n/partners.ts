import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { z } from 'zod';

import { startHttpServer } from '../httpServer';
import type { N8nInstance } from './instance';
import { RestClient } from './rest';

/** Whom the example workflows speak to besides the API: Telegram, n8n's data tables, an MCP client. */

const messageSchema = z.object({
	text: z.string(),
	reply_markup: z
		.object({
			inline_keyboard: z.array(z.array(z.object({ text: z.string(), url: z.string() }))),
		})
		.optional(),
});

export interface Telegram {
	/** The *Base URL* of a Telegram credential. */
	readonly url: string;
	/** The messages that were sent, with the addresses of their buttons. */
	readonly messages: ReadonlyArray<{ text: string; buttons: Record<string, string> }>;
	stop(): Promise<void>;
}

/** Takes messages as Telegram does, on a free port of the loopback interface. */
export async function startTelegram(): Promise<Telegram> {
	const messages: Array<{ text: string; buttons: Record<string, string> }> = [];
	const take = async (incoming: IncomingMessage, response: ServerResponse) => {
		const { text, reply_markup: markup } = messageSchema.parse(await json(incoming));
		const buttons = (markup?.inline_keyboard ?? []).flat();
		messages.push({
			text,
			buttons: Object.fromEntries(buttons.map((button) => [button.text, button.url])),
		});
		response.setHeader('content-type', 'application/json');
		response.end(JSON.stringify({ ok: true, result: { message_id: messages.length } }));
	};
	const server = await startHttpServer((incoming, response) => void take(incoming, response));
	return { ...server, messages };
}

const rowSchema = z.object({ id: z.number() }).passthrough();

export interface DataTable {
	readonly id: string;
	insert(rows: Array<Record<string, string>>): Promise<void>;
	/** All rows, in the order in which they were inserted. */
	rows(): Promise<Array<z.infer<typeof rowSchema>>>;
}

/** Makes a data table with text columns, as a user does in the editor. */
export async function createDataTable(
	n8n: N8nInstance,
	name: string,
	columns: readonly string[],
): Promise<DataTable> {
	const rest = new RestClient(n8n.url);
	await rest.post('/login', { emailOrLdapLoginId: n8n.owner.email, password: n8n.owner.password });
	const project = z.object({ id: z.string() }).parse(await rest.get('/projects/personal'));
	const tables = `/projects/${project.id}/data-tables`;
	const { id } = z.object({ id: z.string() }).parse(
		await rest.post(tables, {
			name,
			columns: columns.map((column) => ({ name: column, type: 'string' })),
		}),
	);
	return {
		id,
		insert: async (data) => {
			await rest.post(`${tables}/${id}/insert`, { data, returnType: 'count' });
		},
		rows: async () =>
			z
				.object({ data: z.array(rowSchema) })
				.parse(await rest.get(`${tables}/${id}/rows`))
				.data.sort((one, other) => one.id - other.id),
	};
}

const rpcSchema = z.object({ result: z.record(z.unknown()) });

/** Speaks to an MCP server over HTTP, as a client does. Call it with the name of a method. */
export type McpClient = (
	method: string,
	params?: Record<string, unknown>,
) => Promise<Record<string, unknown>>;

/** Opens a session at an MCP server that wants a bearer token. */
export async function openMcpSession(url: string, token: string): Promise<McpClient> {
	let session: string | null = null;
	let count = 0;
	const send = async (message: Record<string, unknown>): Promise<string> => {
		const response = await fetch(url, {
			method: 'POST',
			headers: {
				'content-type': 'application/json',
				accept: 'application/json, text/event-stream',
				authorization: `Bearer ${token}`,
				...(session === null ? {} : { 'mcp-session-id': session }),
			},
			body: JSON.stringify({ jsonrpc: '2.0', ...message }),
		});
		if (!response.ok) throw new Error(`The MCP server answered ${response.status}`);
		session ??= response.headers.get('mcp-session-id');
		return await response.text();
	};
	const call: McpClient = async (method, params = {}) => {
		count += 1;
		const answer = await send({ id: count, method, params });
		const json = /^data: (.*)$/m.exec(answer)?.[1] ?? answer;
		return rpcSchema.parse(JSON.parse(json)).result;
	};
	await call('initialize', {
		protocolVersion: '2025-03-26',
		capabilities: {},
		clientInfo: { name: 'test', version: '1' },
	});
	await send({ method: 'notifications/initialized' });
	return call;
}
