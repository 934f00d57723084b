import { Failure, Refusal } from '../../nodes/Kling/api/failure';
import { isOwnTriggerUrl } from '../../nodes/Kling/callback/registration';
import { checkResumeAddress, isResumeAddress } from '../../nodes/Kling/callback/resumeAddress';
import { Targets } from '../../nodes/Kling/callback/target';
import { maySleep } from '../../nodes/Kling/n8n/execution';
import type { CallbackSetting } from '../../nodes/Kling/parameters/callback';
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

/** Workflows with a Kling Trigger, by what answers for it; the last is started by it. */
const LISTENING: Surroundings = { trigger: 'there', answer: () => NO_TASK };
const UNPUBLISHED: Surroundings = { trigger: 'there', answer: () => UNREGISTERED };
const BEHIND_LOGIN: Surroundings = { trigger: 'there', answer: () => LOGIN };
const STARTED: Surroundings = { trigger: 'has started', mode: 'webhook' };

function textsOf(hints: Targets['hints']): string[] {
	return [...hints].map((hint) => (typeof hint === 'string' ? hint : `! ${hint.message}`));
}

/** What a setting comes to, in words where it is refused, and what was called and said. */
async function resolve(
	surroundings: Surroundings,
	setting: CallbackSetting,
	reference: string | null = null,
) {
	const { context, called } = executeContext(surroundings);
	const targets = new Targets(context);
	const target = await targets.resolve(setting, API, reference);
	const said = textsOf(targets.hints);
	return { target: target instanceof Failure ? target.message : target, called, said };
}

const to = (
	callback: string,
	callbackUrl: string | null = null,
	shownUrl: string | null = callbackUrl,
) => ({ callback, callbackUrl, shownUrl });
const EXECUTION = to('execution', RESUME, null);
const OWN_TRIGGER = to('trigger', TRIGGER);
const NOBODY = to('none');

const NOT_PUBLISHED =
	'! No callback: the workflow is not published, so its Kling Trigger does not listen. Publish (activate) the workflow first, or choose another Callback while testing. Get Video with the task ID works all the same.';
const SILENT = "'Callback' cannot be used, since the workflow is not published";
const HOOK = `/hooks/kling/${WORKFLOW_ID}`;
const PUT_WAIT = 'put Wait for Video behind this node';

const AUTO: CallbackSetting = { kind: 'auto' };
const BY_TRIGGER: CallbackSetting = { kind: 'trigger' };
const OTHER_WORKFLOW: CallbackSetting = { kind: 'workflow', workflowId: OTHER_ID, editorUrl: null };
const SHOP = 'https://shop.example/done?key=1';
const byUrl = (url: string): CallbackSetting => ({ kind: 'url', url });

describe('Automatic', () => {
	test.each<[string, Surroundings, object, string]>([
		['wakes the Wait further down', { ...LISTENING, wait: 'auto' }, EXECUTION, 'goes on'],
		['wakes it behind the trigger, too', { ...STARTED, wait: 'auto' }, EXECUTION, 'goes on'],
		[
			'calls the trigger if the Wait polls',
			{ ...LISTENING, wait: 'poll' },
			OWN_TRIGGER,
			'starts when',
		],
		['calls the trigger', LISTENING, OWN_TRIGGER, 'starts when'],
		[
			'never calls the trigger that has started it',
			STARTED,
			NOBODY,
			'! No callback: the Kling Trigger of this workflow started',
		],
		['calls nobody where the trigger does not listen', UNPUBLISHED, NOBODY, NOT_PUBLISHED],
		['calls nobody behind a login', BEHIND_LOGIN, NOBODY, 'redirects to https://login.example,'],
		[
			'calls nobody where the trigger is switched off',
			{ ...LISTENING, trigger: 'switched off' },
			NOBODY,
			PUT_WAIT,
		],
		['calls nobody where there is nobody', {}, NOBODY, PUT_WAIT],
	])('%s', async (_, surroundings, target, hint) => {
		const said = [expect.stringContaining(hint)];
		expect(await resolve(surroundings, AUTO)).toEqual({ target, said, called: expect.any(Array) });
	});

	test('does without a callback that the API cannot reach, and says last what to set up', async () => {
		const { context } = executeContext({ wait: 'auto' });
		Object.assign(context.additionalData, {
			webhookWaitingBaseUrl: 'http://localhost:5678/webhook-waiting',
		});
		const targets = new Targets(context);
		expect(await targets.resolve(AUTO, API, null)).toEqual(NOBODY);
		expect(textsOf(targets.hints)).toEqual([
			expect.stringContaining('No callback: put Wait for Video'),
			'No callback was asked for, since the AI Video API cannot reach http://localhost:5678: fine for trying, set WEBHOOK_URL of n8n for production.',
		]);
	});
});

test.each<[string, CallbackSetting, object]>([
	['goes to the own trigger', BY_TRIGGER, to('trigger', `${TRIGGER}?reference=row+42`)],
	['goes to that of another', OTHER_WORKFLOW, to('url', `${OTHER_TRIGGER}?reference=row+42`)],
	['never goes to a resume address', { kind: 'execution' }, EXECUTION],
	['never goes to an address of others', byUrl(SHOP), to('url', SHOP)],
	['never goes to nobody', { kind: 'none' }, NOBODY],
])('a reference %s', async (_, setting, target) => {
	expect(await resolve(LISTENING, setting, 'row 42')).toMatchObject({ target });
});

test('no more than the origin of another execution’s resume address is shown', async () => {
	const url = `${N8N}/webhook-waiting/43/kling?signature=x`;
	expect(await resolve({}, byUrl(url))).toMatchObject({ target: to('url', url, `${N8N}/…`) });
});

describe('an explicit choice', () => {
	test.each<[string, Surroundings, CallbackSetting, object | string, string[]]>([
		['None', LISTENING, { kind: 'none' }, NOBODY, []],
		['This Execution', {}, { kind: 'execution' }, EXECUTION, []],
		[
			'the trigger, registered at another origin and endpoint',
			{ trigger: 'there', mode: 'webhook', registered: `http://old.example${HOOK}` },
			BY_TRIGGER,
			to('trigger', `${N8N}${HOOK}`),
			[],
		],
		['another workflow', LISTENING, OTHER_WORKFLOW, to('url', OTHER_TRIGGER), [OTHER_TRIGGER]],
		['any URL', {}, byUrl(SHOP), to('url', SHOP), []],
		["n8n's bare resume address", {}, byUrl(`${N8N}/webhook-waiting/42`), EXECUTION, []],
	])('%s', async (_, surroundings, setting, target, called) => {
		expect(await resolve(surroundings, setting)).toMatchObject({ target, called });
	});

	test.each<[string, Surroundings, string[]]>([
		['in production', { ...UNPUBLISHED, mode: 'trigger', registered: TRIGGER }, []],
		['in any other execution', LISTENING, [TRIGGER]],
		['in a Retry', { ...LISTENING, mode: 'retry' }, [TRIGGER]],
		['in a copy', { ...LISTENING, mode: 'webhook', registered: OTHER_TRIGGER }, [TRIGGER]],
	])('the trigger, %s', async (_, surroundings, called) => {
		expect(await resolve(surroundings, BY_TRIGGER)).toMatchObject({ target: OWN_TRIGGER, called });
	});

	test.each<[CallbackSetting, string]>([
		[{ kind: 'none' }, `No callback: ${PUT_WAIT}`],
		[{ kind: 'execution' }, 'Nothing waits for the callback'],
		[BY_TRIGGER, 'The Kling Trigger of this workflow starts'],
		[byUrl(OTHER_TRIGGER), 'The Kling Trigger of the other workflow starts'],
		[byUrl(SHOP), 'The API calls https://shop.example when'],
	])('%j says what comes next', async (setting, text) => {
		const { said } = await resolve(LISTENING, setting);
		expect(said).toEqual([expect.stringContaining(text)]);
	});

	test.each<[string, Surroundings, CallbackSetting, string]>([
		['no trigger', {}, BY_TRIGGER, 'since this workflow has no Kling Trigger'],
		['one that is not published', UNPUBLISHED, BY_TRIGGER, SILENT],
		['one that nobody answers for', { trigger: 'there' }, BY_TRIGGER, SILENT],
		['one withdrawn while it slept', { ...UNPUBLISHED, mode: 'webhook' }, BY_TRIGGER, SILENT],
		['one behind a login', BEHIND_LOGIN, BY_TRIGGER, 'redirects to https://login.example, so'],
		[
			'an address of a local network',
			{},
			byUrl('http://10.0.0.7/done?key=1'),
			"'Callback URL' cannot be used, since the AI Video API cannot reach http://10.0.0.7",
		],
	])('is refused for %s', async (_, surroundings, setting, message) => {
		const { target } = await resolve(surroundings, setting);
		expect(target).toEqual(expect.stringContaining(message));
		expect(target).not.toContain('key=1');
	});

	test.each([BY_TRIGGER, byUrl(OTHER_TRIGGER)])(
		'is warned of where a Kling Trigger has started the execution and one is called: %j',
		async (setting) => {
			const { said } = await resolve(STARTED, setting);
			expect(said.filter((text) => text.startsWith('!'))).toEqual([
				expect.stringContaining('! A Kling Trigger started this execution'),
			]);
		},
	);
});

test('the trigger is asked once for all items, and not before the first that needs it', async () => {
	const { context, called } = executeContext(LISTENING);
	const targets = new Targets(context);
	expect(called).toEqual([]);
	await Promise.all([1, 2, 3].map(async () => await targets.resolve(AUTO, API, null)));
	expect(called).toEqual([TRIGGER]);
});

describe('Create and Wait', () => {
	const resolveWait = async (strategy: 'auto' | 'callback' | 'poll', canSleep: boolean) => {
		const { context } = executeContext({ mode: canSleep ? 'manual' : 'integrated' });
		const target = await new Targets(context).resolve({ kind: 'wait', strategy }, API, null);
		return target instanceof Refusal ? target.message : target;
	};

	test('is called back where it sleeps, and not where it polls', async () => {
		expect(await resolveWait('auto', true)).toEqual(EXECUTION);
		expect(await resolveWait('callback', true)).toEqual(EXECUTION);
		expect(await resolveWait('auto', false)).toEqual(NOBODY);
		expect(await resolveWait('poll', true)).toEqual(NOBODY);
		expect(await resolveWait('callback', false)).toContain("'Wait Strategy' cannot be used");
	});

	test.each(['manual', 'webhook', 'trigger', 'retry', 'error', 'chat'] as const)(
		'in mode %s may sleep',
		(mode) => expect(maySleep(executeContext({ mode }).context)).toBe(true),
	);

	test.each(['integrated', 'evaluation', 'cli'] as const)('in mode %s may not sleep', (mode) => {
		expect(maySleep(executeContext({ mode }).context)).toBe(false);
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
