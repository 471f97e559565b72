# Counts the instructions of the pieces of `kernel` in the code that NVK's compiler shows. The file `spec` holds lines of a kernel, a
# piece and its blocks, which are assigned by reading the code; every block belongs to one piece. Printed are all instructions,
# those of units of half the rate (whole numbers, comparisons, minima), of loads and stores, of special functions and conversions
# (an eighth of the rate), and the cycles that a subgroup alone needs for them, waiting for memory excluded.
function expand(list, parts, n, i, ends, b) {
  n = split(list, parts, ",")
  for (i = 1; i <= n; i++) {
    split(parts[i], ends, "-")
    for (b = ends[1]; b <= (ends[2] == "" ? ends[1] : ends[2]); b++) {
      if (b in piece_of) { print kernel ": block " b " belongs to two pieces" > "/dev/stderr"; exit failed = 1 }
      piece_of[b] = name
    }
  }
}
/^block/ { block = $2; next }
/^}/ { block = ""; next }
block == "" || !/delay=/ { next }
{
  delay = $0; sub(/.*delay=/, "", delay); sub(/[^0-9].*/, "", delay)
  code = $0; sub(/\/\/.*/, "", code)
  issues[block]++
  cycles[block] += delay
  if (code ~ /[= ](ld|st|atom|atoms|shfl|red)\./ || code ~ /[= ]shfl/) memory[block]++
  else if (code ~ /[= ](mufu|i2f|f2i|f2f|frnd|popc|flo)/) special[block]++
  else if (code ~ /[= ](fmnmx|isetp|iadd3|imad|lop3|shf|sel|fsetp|plop3|lea|prmt|vote|imnmx|iabs|bmsk)/) half[block]++
}
END {
  if (failed) exit 1
  while ((getline line < spec) > 0) {
    split(line, field, "\t")
    if (field[1] != kernel) continue
    name = field[2]; names[++count] = name; blocks[name] = field[3]
    if (field[3] == "*") everything = name; else expand(field[3])
  }
  for (b in issues) {
    name = everything == "" ? piece_of[b] : everything
    if (name == "") { print kernel ": block " b " belongs to no piece" > "/dev/stderr"; exit 1 }
    i[name] += issues[b]; h[name] += half[b]; m[name] += memory[b]; s[name] += special[b]; c[name] += cycles[b]
  }
  for (n = 1; n <= count; n++) {
    name = names[n]
    printf "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\n", kernel, name, blocks[name], i[name], h[name], m[name], s[name], c[name]
  }
}
