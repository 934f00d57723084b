import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';

import { standIn } from '../standIn';

import { openClients } from '../../../nodes/Kling/api/client';
import { Failure } from '../../../nodes/Kling/api/failure';
import { Task } from '../../../nodes/Kling/api/task';
import { suspend } from '../../../nodes/Kling/waiting/suspend';

/**
 * Prints what it costs to look after one sleeping execution, in bytes. In a process of its own, where
 * nothing else takes or frees memory.
 */

const SLEEPING = 4_000;

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

/** As a string out of n8n is: in one piece. */
const whole = (text: string) => Buffer.from(text).toString('latin1');

const contextOf = (number: number) =>
	standIn<IExecuteFunctions>({
		helpers: { httpRequest: async () => await Promise.resolve({}) },
		getCredentials: async () =>
			await Promise.resolve({ apiKey: 'sk-x', baseUrl: 'https://api.example' }),
		getNode: () => ({ name: 'Kling', type: 'kling' }),
		getExecutionCancelSignal: () => undefined,
		logger: { warn: () => {} },
		getInputData: () => [{ json: {} }],
		getExecuteData: () => ({ data: {} }),
		getContext: () => ({}),
		getExecutionId: () => whole(String(number)),
		getWorkflowDataProxy: () => ({
			$runIndex: 0,
			$execution: {
				resumeUrl: `https://n8n.example.com/webhook-waiting/${number}?signature=${randomUUID()}${randomUUID()}`,
			},
		}),
		putExecutionToWait: async () => await Promise.resolve(),
	});

const request = {
	estimatedCredits: 110,
	duration: 5,
	sound: false,
	callback: 'execution',
	callbackUrl: null,
};
const result = { simplify: true, downloadField: null };

async function sleeps(number: number): Promise<void> {
	// As in n8n, each execution has clients of its own.
	const context = contextOf(number);
	const client = await openClients(context)(0);
	if (client instanceof Failure) throw new Error(client.message);
	const task = new Task(whole(randomUUID()), client, Date.now(), request);
	const items = [{ task, result, wait: null }];
	await suspend(context, items, [{ json: {} }], Date.now() + 1_800_000);
}

async function main(): Promise<void> {
	// The client of their account, and room in what holds them.
	for (let number = 0; number < 100; number++) await sleeps(number);
	const before = await heapUsed();
	for (let number = 0; number < SLEEPING; number++) await sleeps(100 + number);
	const each = ((await heapUsed()) - before) / SLEEPING;
	process.stdout.write(`${Math.round(each)}\n`, () => process.exit(0));
}

void main();
