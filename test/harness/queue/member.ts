import { n8nServer, type N8nServerOptions } from '../n8n/server';
import type { Server } from '../process/server';

export interface MemberOptions
	extends Pick<N8nServerOptions, 'name' | 'args' | 'tarball'>,
		ReturnType<N8nServerOptions['settings']> {
	kind: 'worker' | 'webhook';
}

/** A worker or a webhook processor of a distributed n8n, in a user folder of its own. */
export interface Member extends Pick<Server, 'start' | 'kill' | 'stop' | 'log' | 'rssBytes'> {
	readonly name: string;
	/** Whether a worker has had this execution in hand. */
	hasRun(executionId: string): boolean;
}

export function newMember({ port, env, ...options }: MemberOptions): Member {
	const server = n8nServer({ ...options, settings: () => ({ port, env }) });
	return {
		name: options.name,
		start: async () => await server.start(),
		kill: async () => await server.kill(),
		stop: async () => await server.stop(),
		log: () => server.log(),
		rssBytes: async () => await server.rssBytes(),
		hasRun: (id) => new RegExp(`started execution ${id}\\b`).test(server.log()),
	};
}
