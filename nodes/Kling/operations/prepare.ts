import type { IExecuteFunctions } from 'n8n-workflow';

import type { ApiClient } from '../api/client';
import type { CallbackChoice } from '../callback/choice';
import type { ItemError } from '../items';
import { toItemError } from '../items';
import { checkImageUrls } from '../media/checkImages';
import { readImages } from '../media/images';
import type { CreationMemory, RememberedRequest } from '../money/memory';
import { estimateCredits } from '../task/pricing';
import { parseDuration, parsePrompt, parseSound } from '../task/request';
import { readOptions } from './parameters';

/** One item's request, checked and ready to send. */
export interface PreparedRequest extends RememberedRequest {
	estimatedCredits: number;
}

export interface Prepared {
	ok: true;
	request: PreparedRequest;
}

export interface Refused {
	ok: false;
	error: ItemError;
}

/** With a task id when an earlier try of this run has created it. */
export type Preparation = Prepared | (Prepared & { taskId: string }) | Refused;

async function prepare(
	context: IExecuteFunctions,
	client: ApiClient,
	itemIndex: number,
	choose: (itemIndex: number) => CallbackChoice,
): Promise<PreparedRequest> {
	const parameter = (name: string, fallback: unknown): unknown =>
		context.getNodeParameter(name, itemIndex, fallback);
	const duration = parseDuration(parameter('duration', 5));
	const sound = parseSound(parameter('sound', false));
	const prompt = parsePrompt(parameter('prompt', ''));
	const { urls, identities } = await readImages(context, itemIndex, client.baseUrl);
	return {
		input: { prompt, image_urls: urls, duration, sound },
		imageIdentities: identities,
		estimatedCredits: estimateCredits(duration, sound),
		...choose(itemIndex),
	};
}

/**
 * Reads and checks the requests of all items, one after the other; nothing is spent.
 *
 * @param choose decides the callback of one item
 */
export async function prepareAll(
	context: IExecuteFunctions,
	client: ApiClient,
	memory: CreationMemory,
	choose: (itemIndex: number) => CallbackChoice,
): Promise<Preparation[]> {
	const prepared: Preparation[] = [];
	for (const itemIndex of context.getInputData().keys()) {
		const request = await prepare(context, client, itemIndex, choose).catch((thrown: unknown) =>
			refused(context, thrown, itemIndex),
		);
		if ('ok' in request) {
			prepared.push(request);
			continue;
		}
		const remembered = memory.recall(itemIndex, request);
		prepared.push(
			remembered === null
				? { ok: true, request }
				: { ok: true, request: { ...request, ...remembered }, taskId: remembered.taskId },
		);
	}
	return await refuseBadImages(context, prepared);
}

function refused(context: IExecuteFunctions, thrown: unknown, itemIndex: number): Refused {
	return { ok: false, error: toItemError(context, thrown, itemIndex) };
}

/** With Check Images on: looks at the image addresses, and refuses the items with bad ones. */
async function refuseBadImages(
	context: IExecuteFunctions,
	prepared: Preparation[],
): Promise<Preparation[]> {
	const isChecked = (item: Preparation, itemIndex: number): item is Prepared =>
		item.ok &&
		!('taskId' in item) &&
		readOptions(context, itemIndex).checkImages === true &&
		context.getNodeParameter('imageSource', itemIndex, 'url') !== 'binary';
	const urls = prepared.filter(isChecked).flatMap(({ request }) => request.input.image_urls);
	const refusals = await checkImageUrls(context, urls);
	return prepared.map((item, itemIndex) => {
		if (!isChecked(item, itemIndex)) return item;
		const bad = item.request.input.image_urls.find((url) => refusals.has(url));
		return bad === undefined ? item : refused(context, refusals.get(bad), itemIndex);
	});
}
