"""What a large language model costs to train: its compute, its memory, its numbers.

Each module of this package is one topic of the lecture, as pure numpy: `compute_cost`, `units`, `scaling`,
`memory`, `number_formats`, `quantization`; `catalog` holds published facts with their sources. Nothing is
imported until it is asked for.
"""

__version__ = "0.1.0"
