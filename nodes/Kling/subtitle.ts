import { CREDITS_PER_SECOND } from './task/pricing';

const { silent, sound } = CREDITS_PER_SECOND;

const NAMES =
	'{ create: "Create", createAndWait: "Create and Wait", getTask: "Get Task", wait: "Wait", getCredits: "Get Credits" }[$parameter["operation"]]';

const CREDITS = `$parameter["duration"] * ($parameter["sound"] ? ${sound} : ${silent})`;

const PRICE = `": " + $parameter["duration"] + " s" + ($parameter["sound"] ? ", sound" : "") + ", about " + ${CREDITS} + " credits"`;

/**
 * The line below the node on the canvas: the operation, and before anything is spent also what a
 * video will cost. Durations that are expressions without a value yet leave the price out.
 */
export const SUBTITLE = `={{ ${NAMES} + (["create", "createAndWait"].includes($parameter["operation"]) && $parameter["duration"] > 0 ? ${PRICE} : "") }}`;
