//! A small exact dataset made on the CPU.
