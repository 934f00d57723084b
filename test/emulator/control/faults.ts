import { z } from 'zod';
import { apiError, isApiErrorName, type ApiErrorName } from '../service/apiErrors';
import { htmlPage, json, text, type Answer } from '../http/answer';

/** Whether a fault strikes instead of the request's processing or on its answer. */
type When = 'before' | 'after';

/** The faults that need no parameter, each with the moment it strikes when the name does not say. */
const PLAIN_FAULTS = {
	reset: 'before',
	hang: 'before',
	'cut-body': 'after',
	html: 'before',
	'html-502': 'before',
	'empty-body': 'after',
	'wrong-content-type': 'after',
	'not-json': 'after',
	'code-not-200': 'before',
	'no-task-id': 'before',
	redirect: 'before',
} as const satisfies Record<string, When>;

type PlainName = keyof typeof PLAIN_FAULTS;

/** `reset-after`, `html-502`, `http:500`, `http:503-after`, … */
export type FaultName = `${PlainName | `http:${ApiErrorName}`}${'' | `-${When}`}`;

interface ParsedName {
	readonly name: PlainName | 'http';
	readonly error?: ApiErrorName;
	readonly when: When;
}

function parseName(full: string): ParsedName | null {
	const [, base = '', suffix] = /^(.+?)(?:-(before|after))?$/.exec(full) ?? [];
	const when = suffix === 'before' || suffix === 'after' ? suffix : undefined;
	if (base.startsWith('http:')) {
		const error = base.slice('http:'.length);
		return isApiErrorName(error) ? { name: 'http', error, when: when ?? 'before' } : null;
	}
	if (!isPlainName(base)) return null;
	return { name: base, when: when ?? PLAIN_FAULTS[base] };
}

function isPlainName(name: string): name is PlainName {
	return Object.hasOwn(PLAIN_FAULTS, name);
}

export function isFaultName(value: unknown): value is FaultName {
	return typeof value === 'string' && parseName(value) !== null;
}

const when = z.enum(['before', 'after']).optional();
const status = z.number().int().min(200).max(599);

const faultSchema = z.union([
	z.custom<FaultName>(isFaultName, { message: 'is no known fault' }),
	z.object({ delay: z.number().min(0) }).strict(),
	z
		.object({
			http: z.custom<ApiErrorName>((value) => typeof value === 'string' && isApiErrorName(value)),
			message: z.string().optional(),
			retryAfter: z.union([z.number(), z.string()]).optional(),
			when,
		})
		.strict(),
	z.object({ mutate: z.object({ path: z.string(), value: z.unknown() }).strict() }).strict(),
	z
		.object({
			body: z
				.object({
					status: status.default(200),
					headers: z.record(z.string()).default({}),
					body: z.string().default(''),
				})
				.strict(),
			when,
		})
		.strict(),
	z.object({ redirect: z.string(), status: status.optional(), when }).strict(),
	z.object({ drip: z.object({ intervalMs: z.number().min(1) }).strict(), when }).strict(),
]);

/**
 * One fault: a name, or an object for those with a parameter. Spans are in ms, `retryAfter` is in seconds or an
 * HTTP date, `mutate.value` absent removes the field, `mutate.path` is dotted (`data.taskId`, `output.urls.0`),
 * `{key}` in `message` and in `body.body` stands for the key that the request came with.
 */
export type Fault = z.input<typeof faultSchema>;

export const faultRuleSchema = z
	.object({
		match: z
			.object({
				method: z.string().optional(),
				path: z.string().optional(),
				taskId: z.string().optional(),
			})
			.strict()
			.default({}),
		fault: faultSchema,
		times: z.union([z.number().min(1), z.literal('always')]).default(1),
		skip: z.number().int().min(0).default(0),
		every: z.number().int().min(1).default(1),
	})
	.strict();

/**
 * A fault for the next `times` (default 1) requests that match after `skip` (default 0) were let through, or for
 * each `every`-th of those only. `match`: exact method, prefix of the path, id of the task that the path names; empty:
 * every request but the control ones.
 */
export type FaultRule = z.input<typeof faultRuleSchema>;

/** What goes over the wire: an answer sent well, or one of the ways to send it badly. */
export type Delivery =
	| { readonly how: 'answer' | 'cut'; readonly answer: Answer }
	| { readonly how: 'drip'; readonly answer: Answer; readonly intervalMs: number }
	| { readonly how: 'reset' | 'hang' };

/** A fault that is ready to strike. */
export interface ArmedFault {
	/** For the log and the request record. */
	readonly name: string;
	readonly when: When;
	/** Time to wait before the request is processed. */
	readonly delayMs: number;
	/**
	 * @param real the answer of the API, or a stand-in when the fault strikes before there is one
	 * @param key the key that the request came with
	 */
	apply(real: Answer, key: string): Delivery;
}

/** Stands for the request's own key in the texts of faults. */
const KEY = '{key}';

function answer(value: Answer): Delivery {
	return { how: 'answer', answer: value };
}

function reheaded(real: Answer, contentType: string, body = real.body): Answer {
	return { ...real, headers: { ...real.headers, 'content-type': contentType }, body };
}

const PLAIN_EFFECTS: Readonly<Record<PlainName, (real: Answer) => Delivery>> = {
	reset: () => ({ how: 'reset' }),
	hang: () => ({ how: 'hang' }),
	'cut-body': (real) => ({ how: 'cut', answer: real }),
	html: () => answer(htmlPage(200)),
	'html-502': () => answer(htmlPage(502)),
	'empty-body': (real) => answer({ ...real, body: Buffer.alloc(0) }),
	'wrong-content-type': (real) => answer(reheaded(real, 'text/plain; charset=utf-8')),
	'not-json': (real) =>
		answer({ ...real, body: real.body.subarray(0, Math.max(1, real.body.length - 3)) }),
	'code-not-200': () => answer(json(200, { code: 500, msg: 'The request could not be served' })),
	'no-task-id': () => answer(json(200, { code: 200, msg: 'success', data: {} })),
	redirect: () => answer(text(302, '', undefined, { location: '/images/page' })),
};

function setAt(target: unknown, path: readonly string[], value: unknown): unknown {
	const [head, ...rest] = path;
	if (head === undefined) return value;
	if (Array.isArray(target)) {
		const copy = z.array(z.unknown()).parse(target);
		const index = Number(head);
		if (rest.length === 0 && value === undefined) copy.splice(index, 1);
		else copy[index] = setAt(copy[index], rest, value);
		return copy;
	}
	const object = typeof target === 'object' && target !== null ? target : {};
	const inner: unknown = new Map<string, unknown>(Object.entries(object)).get(head);
	// An undefined value vanishes in JSON, which is how a field is removed.
	return { ...object, [head]: setAt(inner, rest, value) };
}

function mutated(real: Answer, path: string, value: unknown): Answer {
	const parsed: unknown = JSON.parse(real.body.toString());
	const changed = setAt(parsed, path === '' ? [] : path.split('.'), value);
	return { ...real, body: Buffer.from(changed === undefined ? '' : JSON.stringify(changed)) };
}

/** Turns a fault's description into its effect. Throws on an unknown name. */
export function arm(fault: Fault): ArmedFault {
	if (typeof fault === 'string') {
		const parsed = parseName(fault);
		if (parsed === null) throw new Error(`Unknown fault '${String(fault)}'`);
		const { name, error, when: moment } = parsed;
		if (name === 'http') {
			return armed(fault, moment, () => answer(apiError(error ?? '500')));
		}
		return armed(fault, moment, PLAIN_EFFECTS[name]);
	}
	if ('delay' in fault) {
		return { name: `delay ${fault.delay} ms`, when: 'after', delayMs: fault.delay, apply: answer };
	}
	if ('http' in fault) {
		const { http, message, retryAfter } = fault;
		return armed(`http:${http}`, fault.when ?? 'before', (_, key) =>
			answer(apiError(http, message?.replaceAll(KEY, key), retryAfter)),
		);
	}
	if ('mutate' in fault) {
		const { path, value } = fault.mutate;
		return armed(`mutate ${path}`, 'after', (real) => answer(mutated(real, path, value)));
	}
	if ('body' in fault) {
		const { status: code = 200, headers = {}, body = '' } = fault.body;
		return armed(`body ${code}`, fault.when ?? 'before', (_, key) =>
			answer({ status: code, headers, body: Buffer.from(body.replaceAll(KEY, key)) }),
		);
	}
	if ('redirect' in fault) {
		const headers = { location: fault.redirect };
		return armed('redirect', fault.when ?? 'before', () =>
			answer(text(fault.status ?? 302, '', undefined, headers)),
		);
	}
	const { intervalMs } = fault.drip;
	return armed('slow-drip', fault.when ?? 'after', (real) => ({
		how: 'drip',
		answer: real,
		intervalMs,
	}));
}

function armed(name: string, moment: When, apply: ArmedFault['apply']): ArmedFault {
	return { name, when: moment, delayMs: 0, apply };
}

interface QueuedRule {
	readonly rule: z.output<typeof faultRuleSchema>;
	readonly fault: ArmedFault;
	left: number;
	skip: number;
	/** Matching requests since it struck last. */
	passed: number;
}

/** The queued rules; the first one that matches a request and has strikes left hits it. */
export class FaultQueue {
	private rules: QueuedRule[] = [];

	/** Throws a ZodError when the rule is malformed. */
	add(input: FaultRule): void {
		const rule = faultRuleSchema.parse(input);
		const left = rule.times === 'always' ? Infinity : rule.times;
		this.rules.push({ rule, fault: arm(rule.fault), left, skip: rule.skip, passed: 0 });
	}

	clear(): void {
		this.rules = [];
	}

	/** The rules that still have strikes left. */
	list(): Array<{ rule: z.output<typeof faultRuleSchema>; left: number | 'always'; skip: number }> {
		return this.rules.map(({ rule, left, skip }) => ({
			rule,
			left: left === Infinity ? 'always' : left,
			skip,
		}));
	}

	/** The fault for this request, if any; uses up one strike. */
	take(request: { method: string; path: string; taskId?: string }): ArmedFault | undefined {
		for (const queued of this.rules) {
			const { match } = queued.rule;
			if (match.method !== undefined && match.method.toUpperCase() !== request.method) continue;
			if (match.path !== undefined && !request.path.startsWith(match.path)) continue;
			if (match.taskId !== undefined && match.taskId !== request.taskId) continue;
			if (queued.skip > 0) {
				queued.skip -= 1;
				continue;
			}
			queued.passed += 1;
			if (queued.passed < queued.rule.every) continue;
			queued.passed = 0;
			queued.left -= 1;
			if (queued.left <= 0) this.rules = this.rules.filter((other) => other !== queued);
			return queued.fault;
		}
		return undefined;
	}
}
