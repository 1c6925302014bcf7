"""TensorFlow without the two warnings that say what is meant here."""

from contextlib import contextmanager

import tensorflow as tf


@contextmanager
def quiet_tensorflow():
    """Drop two warnings of TensorFlow that say what is meant here.

    That noise of a layer which is not fed is drawn in a loop, which keeps seeds apart; and that functions are traced
    anew, which each training, and each prediction, does for its own model.
    """
    expected = ("Using a while_loop for converting", "triggered tf.function retracing")

    def is_news(record):
        return not any(phrase in str(record.msg) for phrase in expected)

    logger = tf.get_logger()
    logger.addFilter(is_news)
    try:
        yield
    finally:
        logger.removeFilter(is_news)
