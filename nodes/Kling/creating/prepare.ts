import type { IExecuteFunctions } from 'n8n-workflow';

import type { ApiClient, ClientFor } from '../api/client';
import { Failure, type Settled, Thrown } from '../api/failure';
import { estimateCredits } from '../api/pricing';
import { withoutResumeAddresses } from '../api/redact';
import { withReference } from '../callback/reference';
import { isOwnTriggerUrl } from '../callback/registration';
import type { Targets } from '../callback/target';
import { checkImages, type ImagesToCheck } from '../images/checkImages';
import { readImages } from '../images/itemImages';
import { CancelledError } from '../n8n/async';
import { type CallbackSetting, readReference } from '../parameters/callback';
import { readImageSettings } from '../parameters/images';
import { readResult } from '../parameters/result';
import { collect, type Settings, settingsOf } from '../parameters/settings';
import { readSpending } from '../parameters/spending';
import { readVideo } from '../parameters/video';
import type { WaitSettings } from '../parameters/waiting';
import type { Journal } from './journal';
import type { Prepared, Request, Wanted } from './request';

export interface Preparing {
	clientFor: ClientFor;
	journal: Journal;
	targets: Targets;
	/** What the user asks for; an operation with one way alone gives that. */
	readCallback(settings: Settings): Settled<CallbackSetting>;
	/** Null for an operation that does not wait. */
	readWait(settings: Settings): Settled<WaitSettings | null>;
}

/** Reads and checks all items. Nothing is spent, and what is wrong with one item is its own failure. */
export async function prepareAll(
	context: IExecuteFunctions,
	preparing: Preparing,
): Promise<Array<Settled<Prepared>>> {
	const checks: ImageChecks = new Map();
	const prepared: Array<Settled<Prepared>> = [];
	for (const itemIndex of context.getInputData().keys()) {
		prepared.push(
			await prepare(context, preparing, itemIndex, checks).catch((thrown: unknown) => {
				if (thrown instanceof CancelledError) throw thrown;
				return new Thrown(thrown);
			}),
		);
	}
	return await refuseBadImages(context, prepared, checks);
}

/** The images that are to be looked at first, by item index. */
type ImageChecks = Map<number, ImagesToCheck>;

async function prepare(
	context: IExecuteFunctions,
	preparing: Preparing,
	itemIndex: number,
	checks: ImageChecks,
): Promise<Settled<Prepared>> {
	const { clientFor, journal, readWait } = preparing;
	const settings = settingsOf(context, itemIndex);
	const client = await clientFor(itemIndex);
	const afterwards = {
		wait: readWait(settings),
		result: readResult(settings),
		spending: readSpending(settings),
		client,
	};
	const existing = journal.existing(itemIndex);
	if (existing !== null) {
		const read = collect(afterwards);
		if (read instanceof Failure) return read.about(existing.taskId);
		const task = await journal.taskOf(existing, read.client);
		if (task !== null) return task instanceof Failure ? task : { ...read, task, request: null };
	}
	const imageSettings = readImageSettings(settings);
	const read = collect({
		video: readVideo(settings),
		imageSettings,
		images: await readImages(context, itemIndex, imageSettings, client),
		callback: preparing.readCallback(settings),
		reference: readReference(settings),
		...afterwards,
	});
	if (read instanceof Failure) return read;
	const { prompt, duration, sound } = read.video;
	const { urls, identities } = read.images;
	const input = { prompt, image_urls: urls, duration, sound };
	const wanted = { input, imageIdentities: identities };
	const claimed = journal.claim(itemIndex, wanted);
	const task = claimed === null ? null : await journal.taskOf(claimed, read.client);
	if (task !== null) return task instanceof Failure ? task : { ...read, task, request: null };
	const { source, checked } = read.imageSettings;
	if (checked) checks.set(itemIndex, { source, urls });
	const request = await toRequest(context, preparing, wanted, read);
	return request instanceof Failure ? request : { ...read, request, task: null };
}

async function toRequest(
	context: IExecuteFunctions,
	{ targets }: Preparing,
	wanted: Wanted,
	read: { callback: CallbackSetting; reference: string | null; client: ApiClient },
): Promise<Settled<Request>> {
	const resolved = await targets.resolve(read.callback, read.client.baseUrl);
	if (resolved instanceof Failure) return resolved;
	const isOwnTrigger = (url: string) => isOwnTriggerUrl(context, url);
	const { callback, callbackUrl } = withReference(resolved, read.reference, isOwnTrigger);
	const { duration, sound } = wanted.input;
	// That of a trigger is needed whole, to look after it.
	const isWhole = callbackUrl === null || isOwnTrigger(callbackUrl);
	const shown = isWhole ? callbackUrl : withoutResumeAddresses(callbackUrl);
	return {
		...wanted,
		callbackUrl,
		summary: {
			estimatedCredits: estimateCredits(duration, sound),
			duration,
			sound,
			callback,
			callbackUrl: callback === 'execution' ? null : shown,
		},
	};
}

async function refuseBadImages(
	context: IExecuteFunctions,
	prepared: ReadonlyArray<Settled<Prepared>>,
	checks: ImageChecks,
): Promise<Array<Settled<Prepared>>> {
	const refusals = await checkImages(context, checks.values());
	return prepared.map((item, itemIndex) => {
		if (item instanceof Failure) return item;
		const urls = checks.get(itemIndex)?.urls ?? [];
		return urls.map((url) => refusals.get(url)).find((refusal) => refusal !== undefined) ?? item;
	});
}
