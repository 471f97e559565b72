// What a workgroup scan adds up: one number per thread.
alias ScanValue = u32;
