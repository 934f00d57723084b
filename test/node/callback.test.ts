import { Failure, Refusal } from '../../nodes/Kling/api/failure';
import { recall, recordCreated } from '../../nodes/Kling/callback/awaited';
import { isOwnTriggerUrl } from '../../nodes/Kling/callback/registration';
import { checkResumeAddress, isResumeAddress } from '../../nodes/Kling/callback/resumeAddress';
import { openTargets, openWaitTargets } from '../../nodes/Kling/callback/target';
import { maySleep } from '../../nodes/Kling/n8n/execution';
import type { CallbackSetting } from '../../nodes/Kling/parameters/callback';
import { taskIdOf } from '../harness/node/builders';
import {
	executeContext,
	RESUME_TOKEN,
	type Surroundings,
	WORKFLOW_ID,
} from '../harness/node/executeContext';

const API = 'https://api.aivideoapi.ai';
const N8N = 'https://n8n.example.com';
const TRIGGER = `${N8N}/webhook/kling/${WORKFLOW_ID}`;
const OTHER_ID = 'ABCDEFGH87654321';
const OTHER_TRIGGER = `${N8N}/webhook/kling/${OTHER_ID}`;
const RESUME = `${N8N}/webhook-waiting/42/kling?signature=${RESUME_TOKEN}`;

const NO_TASK = { statusCode: 400, body: { state: 'refused', message: 'This is no task' } };
const UNREGISTERED = {
	statusCode: 404,
	body: { code: 404, message: 'The requested webhook "POST kling/x" is not registered.' },
};
const LOGIN = { statusCode: 302, body: '', headers: { location: 'https://login.example/?next=/' } };

const listening = () => NO_TASK;

function textsOf(hints: ReturnType<ReturnType<typeof openTargets>['hints']>): string[] {
	return hints.map((hint) => (typeof hint === 'string' ? hint : `! ${hint.message}`));
}

/** What a setting comes to, in words where it is refused, and what was called and said. */
async function resolve(surroundings: Surroundings, setting: CallbackSetting, api = API) {
	const { context, called } = executeContext(surroundings);
	const targets = openTargets(context);
	const target = await targets.resolve(setting, api);
	const said = textsOf(targets.hints());
	return { target: target instanceof Failure ? target.message : target, called, said };
}

const to = (callback: string, callbackUrl: string | null = null) => ({ callback, callbackUrl });

describe('Automatic', () => {
	const auto: CallbackSetting = { kind: 'auto' };

	test.each<[string, Surroundings, object, string]>([
		[
			'wakes the Wait further down',
			{ wait: 'auto', trigger: 'there' },
			to('execution', RESUME),
			'goes on',
		],
		[
			'wakes it also where the trigger has started the execution',
			{ wait: 'auto', trigger: 'has started' },
			to('execution', RESUME),
			'goes on',
		],
		[
			'calls the trigger where the Wait polls',
			{ wait: 'poll', trigger: 'there', answer: listening },
			to('trigger', TRIGGER),
			'starts when',
		],
		[
			'calls the trigger',
			{ trigger: 'there', answer: listening },
			to('trigger', TRIGGER),
			'starts when',
		],
		[
			'never calls the trigger that has started the execution',
			{ trigger: 'has started', mode: 'webhook' },
			to('none'),
			'! No callback: the Kling Trigger of this workflow started',
		],
		[
			'calls nobody where the trigger does not listen',
			{ trigger: 'there', answer: () => UNREGISTERED },
			to('none'),
			'! No callback: the workflow is not published, so its Kling Trigger does not listen. Publish (activate) the workflow first, or choose another Callback while testing. Get Video with the task ID works all the same.',
		],
		[
			'calls nobody where a login stands in front of the trigger',
			{ trigger: 'there', answer: () => LOGIN },
			to('none'),
			'redirects to https://login.example,',
		],
		[
			'calls nobody where the trigger is switched off',
			{ trigger: 'switched off', answer: listening },
			to('none'),
			'put Wait for Video behind this node',
		],
		['calls nobody where there is nobody', {}, to('none'), 'put Wait for Video behind this node'],
	])('%s', async (_, surroundings, target, hint) => {
		const resolved = await resolve(surroundings, auto);
		expect(resolved.target).toEqual(target);
		expect(resolved.said).toEqual([expect.stringContaining(hint)]);
	});

	test('does without a callback that the API cannot reach, and says last what to set up', async () => {
		const surroundings: Surroundings = { wait: 'auto' };
		const { context } = executeContext(surroundings);
		Object.assign(context.additionalData, {
			webhookWaitingBaseUrl: 'http://localhost:5678/webhook-waiting',
		});
		const targets = openTargets(context);
		expect(await targets.resolve(auto, API)).toEqual(to('none'));
		expect(textsOf(targets.hints())).toEqual([
			expect.stringContaining('No callback: put Wait for Video'),
			'No callback was asked for, since the AI Video API cannot reach http://localhost:5678: fine for trying, set WEBHOOK_URL of n8n for production.',
		]);
	});
});

describe('an explicit choice', () => {
	test.each<[string, Surroundings, CallbackSetting, object | string, string[]]>([
		['None', { trigger: 'there' }, { kind: 'none' }, to('none'), []],
		['This Execution', {}, { kind: 'execution' }, to('execution', RESUME), []],
		[
			'the trigger, in a production execution',
			{ trigger: 'there', mode: 'trigger' },
			{ kind: 'trigger' },
			to('trigger', TRIGGER),
			[],
		],
		[
			'the trigger, in any other',
			{ trigger: 'there', answer: listening },
			{ kind: 'trigger' },
			to('trigger', TRIGGER),
			[TRIGGER],
		],
		[
			'the trigger, where n8n tells a Retry nothing',
			{ trigger: 'there', mode: 'retry', answer: listening },
			{ kind: 'trigger' },
			to('trigger', TRIGGER),
			[TRIGGER],
		],
		[
			'the trigger, registered at another origin and endpoint',
			{
				trigger: 'there',
				mode: 'webhook',
				registered: `http://old.example/hooks/kling/${WORKFLOW_ID}`,
			},
			{ kind: 'trigger' },
			to('trigger', `${N8N}/hooks/kling/${WORKFLOW_ID}`),
			[],
		],
		[
			'the trigger, with the registration that a copy brought along',
			{ trigger: 'there', mode: 'webhook', registered: OTHER_TRIGGER },
			{ kind: 'trigger' },
			to('trigger', TRIGGER),
			[],
		],
		[
			'the trigger of another workflow',
			{ answer: listening },
			{ kind: 'workflow', workflowId: OTHER_ID, editorUrl: null },
			to('url', OTHER_TRIGGER),
			[OTHER_TRIGGER],
		],
		[
			'any URL',
			{},
			{ kind: 'url', url: 'https://shop.example/done' },
			to('url', 'https://shop.example/done'),
			[],
		],
		[
			"n8n's bare resume address",
			{},
			{ kind: 'url', url: `${N8N}/webhook-waiting/42` },
			to('execution', RESUME),
			[],
		],
	])('%s', async (_, surroundings, setting, target, called) => {
		expect(await resolve(surroundings, setting)).toMatchObject({ target, called });
	});

	test.each<[CallbackSetting, string]>([
		[{ kind: 'none' }, 'No callback: put Wait for Video behind this node'],
		[{ kind: 'execution' }, 'Nothing waits for the callback'],
		[{ kind: 'trigger' }, 'The Kling Trigger of this workflow starts'],
		[{ kind: 'url', url: OTHER_TRIGGER }, 'The Kling Trigger of the other workflow starts'],
		[
			{ kind: 'url', url: 'https://shop.example/done?key=1' },
			'The API calls https://shop.example when',
		],
	])('%j says what comes next', async (setting, text) => {
		const { said } = await resolve({ trigger: 'there', answer: listening }, setting);
		expect(said).toEqual([expect.stringContaining(text)]);
	});

	test.each<[string, Surroundings, CallbackSetting, string]>([
		[
			'no trigger',
			{},
			{ kind: 'trigger' },
			"'Callback' cannot be used, since this workflow has no Kling Trigger",
		],
		[
			'one that is not published',
			{ trigger: 'there', answer: () => UNREGISTERED },
			{ kind: 'trigger' },
			'the workflow is not published',
		],
		[
			'one that nobody answers for',
			{ trigger: 'there' },
			{ kind: 'trigger' },
			'the workflow is not published',
		],
		[
			'one behind a login',
			{ trigger: 'there', answer: () => LOGIN },
			{ kind: 'trigger' },
			'redirects to https://login.example, so',
		],
		[
			'another workflow that is not published',
			{ answer: () => UNREGISTERED },
			{ kind: 'workflow', workflowId: OTHER_ID, editorUrl: `${N8N}/workflow/${OTHER_ID}` },
			"'Callback URL' names a workflow whose Kling Trigger does not listen",
		],
		[
			'the editor of another n8n',
			{},
			{
				kind: 'workflow',
				workflowId: OTHER_ID,
				editorUrl: `https://other.example/workflow/${OTHER_ID}`,
			},
			'on another n8n',
		],
		[
			'an address of a local network',
			{},
			{ kind: 'url', url: 'http://10.0.0.7/done?key=1' },
			"'Callback URL' cannot be used, since the AI Video API cannot reach http://10.0.0.7",
		],
	])('is refused for %s', async (_, surroundings, setting, message) => {
		const { target } = await resolve(surroundings, setting);
		expect(target).toEqual(expect.stringContaining(message));
		expect(target).not.toContain('key=1');
	});

	test.each<CallbackSetting>([{ kind: 'trigger' }, { kind: 'url', url: OTHER_TRIGGER }])(
		'is warned of where a Kling Trigger has started the execution and one is called: %j',
		async (setting) => {
			const { said } = await resolve({ trigger: 'has started', mode: 'webhook' }, setting);
			expect(said.filter((text) => text.startsWith('!'))).toEqual([
				expect.stringContaining('! A Kling Trigger started this execution'),
			]);
		},
	);
});

test('the trigger is asked once for all items, and not before the first that needs it', async () => {
	const { context, called } = executeContext({ trigger: 'there', answer: listening });
	const targets = openTargets(context);
	expect(called).toEqual([]);
	await Promise.all([1, 2, 3].map(async () => await targets.resolve({ kind: 'auto' }, API)));
	expect(called).toEqual([TRIGGER]);
});

describe('Create and Wait', () => {
	const resolveWait = async (...[strategy, canSleep]: ['auto' | 'callback' | 'poll', boolean]) => {
		const target = await openWaitTargets(executeContext().context, strategy, canSleep).resolve(
			{ kind: 'auto' },
			API,
		);
		return target instanceof Refusal ? target.message : target;
	};

	test('is called back where it sleeps, and not where it polls', async () => {
		expect(await resolveWait('auto', true)).toEqual(to('execution', RESUME));
		expect(await resolveWait('callback', true)).toEqual(to('execution', RESUME));
		expect(await resolveWait('auto', false)).toEqual(to('none'));
		expect(await resolveWait('poll', true)).toEqual(to('none'));
		expect(await resolveWait('callback', false)).toContain("'Wait Strategy' cannot be used");
	});

	test.each<[Surroundings['mode'], boolean]>([
		['manual', true],
		['webhook', true],
		['trigger', true],
		['retry', true],
		['error', true],
		['chat', true],
		['integrated', false],
		['evaluation', false],
		['cli', false],
	])('in mode %s may sleep: %s', (mode, expected) => {
		expect(maySleep(executeContext({ mode }).context)).toBe(expected);
	});
});

describe('the resume address', () => {
	test.each([
		[`${N8N}/webhook-waiting/42`, true],
		[`${N8N}/webhook-waiting/42?signature=x`, true],
		[`${N8N}/webhook-waiting/42/kling/`, true],
		[`${N8N}/webhook-waiting/43`, false],
		[`${N8N}/webhook-waiting/42/other`, false],
		['https://other.example/webhook-waiting/42', false],
		['no address', false],
	])('is %s: %s', (url, expected) => {
		expect(isResumeAddress(executeContext().context, url)).toBe(expected);
	});

	test.each([
		[LOGIN, 'redirects to https://login.example,'],
		[
			{ statusCode: 409, body: { code: 409, message: 'The execution "42" is running already.' } },
			null,
		],
		[undefined, null],
	])('is checked from outside: %j', async (answer, expected) => {
		const { context, called } = executeContext({ answer: () => answer });
		const refusal = await checkResumeAddress(context);
		if (expected === null) expect(refusal).toBeNull();
		else expect(refusal?.message).toContain(expected);
		expect(refusal?.hint ?? '').not.toContain('42');
		expect(called).toEqual([RESUME]);
	});
});

test.each([
	[TRIGGER, true],
	[`${OTHER_TRIGGER}?reference=a`, true],
	[`${N8N}/form/kling/1`, false],
	['https://shop.example/webhook/kling/1', false],
	[`${N8N}/webhook/other`, false],
])('%s is an address of a Kling Trigger on this n8n: %s', (url, expected) => {
	expect(isOwnTriggerUrl(executeContext().context, url)).toBe(expected);
});

describe('what a Create notes of its tasks', () => {
	const [called, uncalled, unknown] = [0, 1, 2].map(taskIdOf);
	if (called === undefined || uncalled === undefined || unknown === undefined) throw new Error();

	test('is known further down, and which of them wake this execution', () => {
		const { context } = executeContext();
		recordCreated(context, [{ id: called, createdAt: 5, callsThisExecution: true }]);
		recordCreated(context, [{ id: uncalled, createdAt: 6, callsThisExecution: false }]);
		expect(recall(context, called)).toEqual({ createdAt: 5, callsThisExecution: true });
		expect(recall(context, uncalled)).toEqual({ createdAt: 6, callsThisExecution: false });
		expect(recall(context, unknown)).toBeNull();
	});

	test('is known in a Retry too, which their callbacks do not wake', () => {
		const { context } = executeContext();
		recordCreated(context, [{ id: called, createdAt: 5, callsThisExecution: true }]);
		const { context: retry } = executeContext({ executionId: '43', mode: 'retry' });
		Object.assign(retry.getContext('flow'), context.getContext('flow'));
		expect(recall(retry, called)).toEqual({ createdAt: 5, callsThisExecution: false });
	});
});
