"""The explorers of slides S6 to S8: `view` is what the decoder shows, `picture` how, `explorer` the controls.

`training`, `training_picture` and `training_explorer` are the same of what training in a format of few bits gives.
"""

from course_lib.explorers import hand_on

__all__, __getattr__, __dir__ = hand_on(
    __name__,
    {
        "FloatDecoder": "explorer",
        "BitPattern": "bits",
        "FloatDecoderPicture": "picture",
        "FloatDecoderView": "view",
        "float_decoder_view": "view",
        "TrainingFormatExplorer": "training_explorer",
        "TrainingFormatPicture": "training_picture",
        "TrainingFormatView": "training",
        "training_format_view": "training",
    },
)
