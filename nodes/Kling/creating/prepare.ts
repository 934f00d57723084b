import { type IExecuteFunctions, NodeOperationError } from 'n8n-workflow';

import type { ApiClient, Clients } from '../api/client';
import { Failure, Refusal } from '../api/failure';
import { estimateCredits } from '../api/pricing';
import { withReference } from '../callback/reference';
import { isOwnTriggerUrl } from '../callback/registration';
import type { Targets } from '../callback/target';
import { checkImageUrls } from '../images/checkImages';
import { readImages } from '../images/itemImages';
import { type CallbackSetting, readCallback } from '../parameters/callback';
import { readImageSettings } from '../parameters/images';
import { type Settings, settingsOf } from '../parameters/read';
import { readReference } from '../parameters/reference';
import { readResultSettings, type ResultSettings } from '../parameters/result';
import { readSpending, type SpendingSettings } from '../parameters/spending';
import { readDuration, readPrompt, readSound } from '../parameters/video';
import type { ItemError } from '../result/item';
import { toItemError } from '../result/item';
import type { Earlier, Journal, JournalRequest, JournalTask } from './journal';
import { stillUnclear } from './journal';

/** One item's request, checked and ready to send. */
export interface PreparedRequest extends JournalRequest {
	/** Image addresses that the user wants looked at first. */
	uncheckedUrls: string[];
}

/** An item whose task is still to be created. */
export interface ToCreate {
	ok: true;
	created: null;
	request: PreparedRequest;
	/** Speaks with the item's own credential. */
	client: ApiClient;
	spending: SpendingSettings;
	/** How the finished task is passed on. */
	result: ResultSettings;
}

/** An item for which an earlier try of this run has created a task. */
export interface AlreadyCreated {
	ok: true;
	created: JournalTask;
	spending: SpendingSettings;
	result: ResultSettings;
}

export interface Refused {
	ok: false;
	error: ItemError;
	/** The task that an earlier try has created for the item. */
	taskId?: string;
}

export type Preparation = ToCreate | AlreadyCreated | Refused;

export function isToCreate(item: Preparation): item is ToCreate {
	return item.ok && item.created === null;
}

/** What is the same for all items of a run. */
export interface Preparing {
	clients: Clients;
	journal: Journal;
	/** The targets that the items choose from, or the one that serves them all. */
	targets: Pick<Targets, 'resolve'>;
	/**
	 * Reads what the operation needs of an item besides, so that it is known to be right before
	 * anything is spent.
	 *
	 * @throws {InvalidParameterError} when it is not
	 */
	check?(settings: Settings): void;
}

/**
 * Reads and checks all items, one after the other: everything that they say is evaluated here, how
 * they are passed on included, and nothing is spent. What is wrong with one item is its own refusal.
 *
 * @throws {CancelledError} when the execution was cancelled
 */
export async function prepareAll(
	context: IExecuteFunctions,
	preparing: Preparing,
): Promise<Preparation[]> {
	const prepared: Preparation[] = [];
	for (const itemIndex of context.getInputData().keys()) {
		prepared.push(
			await prepare(context, preparing, itemIndex).catch((thrown: unknown): Refused => {
				const taskId = preparing.journal.taskIdOf(itemIndex) ?? undefined;
				return { ok: false, error: toItemError(context, thrown, itemIndex, taskId), taskId };
			}),
		);
	}
	return await refuseBadImages(context, prepared);
}

async function prepare(
	context: IExecuteFunctions,
	{ clients, journal, targets, check }: Preparing,
	itemIndex: number,
): Promise<ToCreate | AlreadyCreated> {
	const settings = settingsOf(context, itemIndex);
	const result = readResultSettings(settings);
	const spending = readSpending(settings);
	check?.(settings);
	const standing = journal.standing(itemIndex);
	if (standing !== null) return { ...fromEarlier(standing), spending, result };

	const duration = readDuration(settings);
	const sound = readSound(settings);
	const prompt = readPrompt(settings);
	const images = readImageSettings(settings);
	const callback = readCallback(settings);
	const reference = readReference(settings);
	const client = await clients.clientFor(itemIndex);
	const { urls, identities } = await readImages(context, itemIndex, images, client.baseUrl);
	const request: PreparedRequest = {
		input: { prompt, image_urls: urls, duration, sound },
		imageIdentities: identities,
		uncheckedUrls: images.source === 'url' && images.checked ? urls : [],
		estimatedCredits: estimateCredits(duration, sound),
		...(await targetOf(context, { targets, itemIndex, reference }, callback, client.baseUrl)),
	};
	const earlier = journal.takeOver(itemIndex, request);
	if (earlier !== null) return { ...fromEarlier(earlier), spending, result };
	return { ok: true, created: null, request, client, spending, result };
}

async function targetOf(
	context: IExecuteFunctions,
	item: { targets: Pick<Targets, 'resolve'>; itemIndex: number; reference: string | null },
	callback: CallbackSetting,
	baseUrl: string,
) {
	const target = await item.targets.resolve(callback, baseUrl);
	if (target instanceof Failure) {
		const description = target instanceof Refusal ? target.hint : undefined;
		const { itemIndex } = item;
		throw new NodeOperationError(context.getNode(), `${target.message} [item ${itemIndex}]`, {
			description,
			itemIndex,
		});
	}
	return withReference(target, item.reference, (url) => isOwnTriggerUrl(context, url));
}

/** @throws {ApiFailure} when nobody knows what came of the earlier request */
function fromEarlier(earlier: Earlier): Pick<AlreadyCreated, 'ok' | 'created'> {
	if (earlier.kind === 'unclear') throw stillUnclear();
	return { ok: true, created: earlier.task };
}

/** With Check Images on: looks at the image addresses, and refuses the items with bad ones. */
async function refuseBadImages(
	context: IExecuteFunctions,
	prepared: readonly Preparation[],
): Promise<Preparation[]> {
	const unchecked = (item: Preparation): string[] =>
		isToCreate(item) ? item.request.uncheckedUrls : [];
	const refusals = await checkImageUrls(context, prepared.flatMap(unchecked));
	return prepared.map((item, itemIndex) => {
		const bad = unchecked(item).find((url) => refusals.has(url));
		if (bad === undefined) return item;
		return { ok: false, error: toItemError(context, refusals.get(bad), itemIndex) };
	});
}
