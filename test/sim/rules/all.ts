/** The registry of rules: what is not named here is not checked. */

import type { Rule } from "../rule.ts";
import { announced } from "./announced.ts";
import { falseSilence } from "./false-silence.ts";
import { goneBeforeTold } from "./gone-before-told.ts";
import { handedOver } from "./handed-over.ts";
import { hearsFirst } from "./hears-first.ts";
import { keepsSpeaking } from "./keeps-speaking.ts";
import { kernelTruth } from "./kernel-truth.ts";
import { movesTogether } from "./moves-together.ts";
import { noBusyLoop } from "./no-busy-loop.ts";
import { oneHolder } from "./one-holder.ts";
import { onlyValidActs } from "./only-valid-acts.ts";
import { onlyValidHeartbeats } from "./only-valid-heartbeats.ts";
import { pairWord } from "./pair-word.ts";
import { patience } from "./patience.ts";
import { trueCause } from "./true-cause.ts";
import { trueWord } from "./true-word.ts";
import { yields } from "./yields.ts";

export const RULES: readonly Rule[] = [
  oneHolder,
  onlyValidActs,
  onlyValidHeartbeats,
  pairWord,
  falseSilence,
  handedOver,
  announced,
  goneBeforeTold,
  kernelTruth,
  trueCause,
  patience,
  movesTogether,
  trueWord,
  yields,
  keepsSpeaking,
  hearsFirst,
  noBusyLoop,
];
