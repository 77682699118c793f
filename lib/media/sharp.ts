/** sharp, set up once for the process; everything in this folder takes it from here. */
import sharp from "sharp";

// Cameras send several pictures at a time to machines with two cores: more gets done when each picture has one thread
// than when all of them share every core. No picture comes twice, so a cache would only hold memory.
sharp.concurrency(1);
sharp.cache(false);

export { sharp };
