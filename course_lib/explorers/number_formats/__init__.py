"""The explorer of slides S6 to S8: `view` is what it shows, `picture` how, `explorer` the controls."""

from course_lib.explorers import hand_on

__all__, __getattr__, __dir__ = hand_on(
    __name__,
    {
        "FloatDecoder": "explorer",
        "BitPattern": "bits",
        "FloatDecoderPicture": "picture",
        "FloatDecoderView": "view",
        "float_decoder_view": "view",
    },
)
