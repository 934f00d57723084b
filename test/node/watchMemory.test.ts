import '../harness/node/instance';

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { openClient } from '../../nodes/Kling/api/client';
import { forgetAll, watch } from '../../nodes/Kling/waiting/watch';

/** What it costs to look after executions that sleep. */

const SLEEPING = 1_000;

setFlagsFromString('--expose-gc');
const collect = z.function(z.tuple([]), z.void()).parse(runInNewContext('gc'));

/** The heap in use, in bytes, once nothing is left to be collected. */
async function heapUsed(): Promise<number> {
	for (let round = 0; round < 5; round++) {
		collect();
		await delay(20);
	}
	return process.memoryUsage().heapUsed;
}

const context = z
	.custom<IExecuteFunctions>(() => true)
	.parse({
		helpers: { httpRequest: async () => await Promise.resolve({}) },
		getCredentials: async () =>
			await Promise.resolve({ apiKey: 'sk-x', baseUrl: 'https://api.example' }),
		getNode: () => ({ name: 'Kling', type: 'kling' }),
		logger: { warn: () => {} },
	});

/** As a string out of n8n is: in one piece. */
const whole = (text: string) => Buffer.from(text).toString('latin1');

async function sleeps(number: number): Promise<void> {
	await watch(context, {
		executionId: whole(String(number)),
		resumeUrl: whole(`https://n8n.example.com/webhook-waiting/${number}?signature=${randomUUID()}`),
		tasks: [{ taskId: whole(randomUUID()), itemIndex: 0, client: await openClient(context) }],
		timeoutAt: Date.now() + 1_800_000,
	});
}

test(`${SLEEPING} sleeping executions cost less than a kilobyte each`, async () => {
	// The client of their account, and room in what holds them.
	for (let number = 0; number < 10; number++) await sleeps(number);
	const before = await heapUsed();
	for (let number = 0; number < SLEEPING; number++) await sleeps(10 + number);
	const each = ((await heapUsed()) - before) / SLEEPING;
	process.stderr.write(`${Math.round(each)} bytes for each sleeping execution\n`);
	expect(each).toBeLessThan(1_024);
	forgetAll();
});
