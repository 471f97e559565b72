// What a workgroup scan adds up: two numbers per thread.
alias ScanValue = vec2<u32>;
