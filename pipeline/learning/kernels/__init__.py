"""Compiled kernels of the sampler: LLVM IR that is emitted for this processor, compiled by numba, and cached.

Public: `kernels`, `products`.
"""
