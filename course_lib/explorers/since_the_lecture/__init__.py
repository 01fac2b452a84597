"""The explorer of block formats: `view` is what it shows, `picture` how, `explorer` the controls, `flips` one of them.

`images` and `images_picture` show one image in each format, without any control; `roofline` and `roofline_picture` two
machines' roofs.
"""

from course_lib.explorers import hand_on

__all__, __getattr__, __dir__ = hand_on(
    __name__,
    {
        "BlockExplorer": "explorer",
        "BlockPicture": "picture",
        "BlockView": "view",
        "Flips": "flips",
        "block_view": "view",
        "ImagesPicture": "images_picture",
        "ImagesView": "images",
        "images_view": "images",
        "RooflinePicture": "roofline_picture",
        "RooflineView": "roofline",
        "roofline_view": "roofline",
    },
)
