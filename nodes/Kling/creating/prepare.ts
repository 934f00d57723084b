import type { IExecuteFunctions } from 'n8n-workflow';

import type { ApiClient, Clients } from '../api/client';
import { estimateCredits } from '../api/pricing';
import { withReference } from '../callback/reference';
import type { Targets } from '../callback/target';
import { checkImageUrls } from '../images/checkImages';
import { readImages } from '../images/itemImages';
import { readCallback } from '../parameters/callback';
import { readImageSettings } from '../parameters/images';
import { settingsOf } from '../parameters/read';
import { readReference } from '../parameters/reference';
import { readResultSettings, type ResultSettings } from '../parameters/result';
import { readDuration, readPrompt, readSound } from '../parameters/video';
import type { ItemError } from '../result/item';
import { toItemError } from '../result/item';
import { refuseUnlessContinuing } from '../result/output';
import type { Journal, JournalRequest } from './journal';

/** One item's request, checked and ready to send. */
export interface PreparedRequest extends JournalRequest {
	estimatedCredits: number;
	/** Image addresses that the user wants looked at first. */
	uncheckedUrls: string[];
	/** How the finished task is passed on. */
	result: ResultSettings;
}

export interface Prepared {
	ok: true;
	request: PreparedRequest;
	/** Speaks with the item's own credential. */
	client: ApiClient;
	/** The task that an earlier try of this run has created for the item. */
	taskId: string | null;
}

export interface Refused {
	ok: false;
	error: ItemError;
}

export type Preparation = Prepared | Refused;

/** What is the same for all items of a run. */
export interface Preparing {
	clients: Clients;
	journal: Journal;
	/** The targets that the items choose from, or the one that serves them all. */
	targets: Pick<Targets, 'resolve'>;
}

/**
 * Reads and checks the requests of all items, one after the other; nothing is spent.
 *
 * @throws the first item's error, unless the node continues on errors
 */
export async function prepareAll(
	context: IExecuteFunctions,
	preparing: Preparing,
): Promise<Preparation[]> {
	const prepared: Preparation[] = [];
	for (const itemIndex of context.getInputData().keys()) {
		prepared.push(
			await prepare(context, preparing, itemIndex).catch((thrown: unknown) =>
				refused(context, thrown, itemIndex),
			),
		);
	}
	const checked = await refuseBadImages(context, prepared);
	refuseUnlessContinuing(context, checked);
	return checked;
}

async function prepare(
	context: IExecuteFunctions,
	{ clients, journal, targets }: Preparing,
	itemIndex: number,
): Promise<Prepared> {
	const settings = settingsOf(context, itemIndex);
	const duration = readDuration(settings);
	const sound = readSound(settings);
	const prompt = readPrompt(settings);
	const images = readImageSettings(settings);
	const client = await clients.clientFor(itemIndex);
	const { urls, identities } = await readImages(context, itemIndex, images, client.baseUrl);
	const target = targets.resolve(readCallback(settings), client.baseUrl);
	const request: PreparedRequest = {
		input: { prompt, image_urls: urls, duration, sound },
		imageIdentities: identities,
		uncheckedUrls: images.source === 'url' && images.checked ? urls : [],
		estimatedCredits: estimateCredits(duration, sound),
		result: readResultSettings(settings),
		...withReference(target, readReference(settings)),
	};
	const created = journal.findCreated(itemIndex, request);
	return created === null
		? { ok: true, request, client, taskId: null }
		: { ok: true, request: { ...request, ...created }, client, taskId: created.taskId };
}

function refused(context: IExecuteFunctions, thrown: unknown, itemIndex: number): Refused {
	return { ok: false, error: toItemError(context, thrown, itemIndex) };
}

/** With Check Images on: looks at the image addresses, and refuses the items with bad ones. */
async function refuseBadImages(
	context: IExecuteFunctions,
	prepared: readonly Preparation[],
): Promise<Preparation[]> {
	const unchecked = (item: Preparation): string[] =>
		item.ok && item.taskId === null ? item.request.uncheckedUrls : [];
	const refusals = await checkImageUrls(context, prepared.flatMap(unchecked));
	return prepared.map((item, itemIndex) => {
		const bad = unchecked(item).find((url) => refusals.has(url));
		return bad === undefined ? item : refused(context, refusals.get(bad), itemIndex);
	});
}
