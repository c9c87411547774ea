/** A source or a citation on a page of its own. */

import { copyButtons } from "./copy.js";

copyButtons();
document.querySelector("[data-quote]")?.scrollIntoView({ block: "center" });
