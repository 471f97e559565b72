// Slots in chunks, of which every window of slots holds whole ones.
const CHUNK: u32 = WINDOW_UNIT;
