import * as workflow from 'n8n-workflow';
import * as zod from 'zod';

import type * as KlingModule from '../../../nodes/Kling/Kling.node';
import type * as TriggerModule from '../../../nodes/Kling/KlingTrigger.node';
import type { Clock } from './clock';

/** What a process may keep for as long as it lives: small, and one for each node or address. */
const isLasting = (value: unknown) =>
	typeof value === 'string' || value instanceof Set || !dueSchema.safeParse(value).success;

/** What stands on the list of due work, and the places that it takes. */
const dueSchema = zod.z.union([zod.z.object({ dueAt: zod.z.number() }), zod.z.number()]);

/** A process of n8n: it has a copy of all that the shipped modules remember. */
export class N8nProcess {
	isAlive = true;

	readonly kling: KlingModule.Kling;

	readonly trigger: TriggerModule.KlingTrigger;

	/** The maps and sets of the modules themselves. */
	private readonly memory: Array<Map<unknown, unknown> | Set<unknown>> = [];

	/** Those that the modules have filled themselves. */
	private readonly constants: ReadonlySet<unknown>;

	constructor(
		/** The port at which it listens on this machine. */
		readonly port: number,
		clock: Clock,
	) {
		const sleep = async (ms: number) => await clock.sleep(ms);
		const loaded = this.remembering(() => {
			let modules: [typeof KlingModule, typeof TriggerModule] | undefined;
			jest.isolateModules(() => {
				jest.doMock('n8n-workflow', () => ({ ...workflow, sleep }));
				jest.doMock('zod', () => zod);
				modules = [
					jest.requireActual<typeof KlingModule>('../../../nodes/Kling/Kling.node'),
					jest.requireActual<typeof TriggerModule>('../../../nodes/Kling/KlingTrigger.node'),
				];
			});
			if (modules === undefined) throw new Error('The nodes could not be loaded');
			return modules;
		});
		this.constants = new Set(this.memory.filter(({ size }) => size > 0));
		this.kling = new loaded[0].Kling();
		this.trigger = new loaded[1].KlingTrigger();
	}

	/** Processes that have ended well, with nothing in their memory: to load one takes a while. */
	private static readonly spare: N8nProcess[] = [];

	static start(port: number, clock: Clock): N8nProcess {
		return N8nProcess.spare.pop() ?? new N8nProcess(port, clock);
	}

	/** Ends it; another test may go on with it. */
	end(): void {
		if (!this.isAlive || this.left().length > 0) return;
		for (const one of this.memory) if (one.size > 0 && !this.constants.has(one)) one.clear();
		N8nProcess.spare.push(this);
	}

	/** What is left on lists that have to be empty when nothing is under way. */
	left(): unknown[] {
		return this.memory.flatMap((one) => [...one.values()]).filter((value) => !isLasting(value));
	}

	/** What `work` gives, unless the process has ended by then: nobody ever hears of it. */
	async whileAlive<T>(work: () => Promise<T>): Promise<T> {
		const isAlive = () => this.isAlive;
		if (!isAlive()) return await never();
		try {
			const result = await work();
			return isAlive() ? result : await never();
		} catch (thrown) {
			if (!isAlive()) return await never();
			throw thrown;
		}
	}

	/** Notes the maps and sets that are made meanwhile. */
	private remembering<T>(load: () => T): T {
		const [RealMap, RealSet] = [Map, Set];
		const { memory } = this;
		globalThis.Map = new Proxy(RealMap, {
			construct: (target, [entries]: [Iterable<[unknown, unknown]>?]) => {
				const made = new target(entries);
				memory.push(made);
				return made;
			},
		});
		globalThis.Set = new Proxy(RealSet, {
			construct: (target, [values]: [Iterable<unknown>?]) => {
				const made = new target(values);
				memory.push(made);
				return made;
			},
		});
		try {
			return load();
		} finally {
			globalThis.Map = RealMap;
			globalThis.Set = RealSet;
		}
	}
}

async function never(): Promise<never> {
	return await new Promise<never>(() => {});
}
