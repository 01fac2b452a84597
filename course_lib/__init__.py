"""What a large language model costs to train: its compute, its memory, its numbers.

Each topic of the lecture is one module or one folder, as pure numpy: `compute_cost`, `units`, `scaling`, `memory`,
`number_formats`, `quantization`, the capstone `plan`, and `since_the_lecture`; `catalog` holds published facts with
their sources, `tiny_transformer` a small model to count and to train, and `block_formats` what models are kept in now.
`explorers` has what you move in the lessons, `predictions` what they ask before they show and `predict` what they call
for it; `questions` has what the exercises ask, `checks` what you call in them, and `setup_check` what the first lesson
calls. Nothing is imported until it is asked for.
"""

__version__ = "0.1.0"
