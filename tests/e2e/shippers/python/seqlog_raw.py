"""seqlog: batches in the background; what fails is lost. The second argument chooses CLEF."""

import logging
import sys
import time

import seqlog
import seqlog.feature_flags
from loop import boom, failed, large, serve, text

url, _, shape = sys.argv[1].partition("#")
if shape == "clef":
    seqlog.configure_feature(seqlog.feature_flags.FeatureFlag.USE_CLEF, True)
handler = seqlog.log_to_seq(
    server_url=url + "/", batch_size=10, auto_flush_timeout=0.2, level=logging.INFO, override_root_logger=True
)
logger = logging.getLogger("shop.pay")


def send(numbers, spoilt):
    """Log each."""
    for number in numbers:
        if failed(number):
            logger.error(text(number), exc_info=boom(), extra={"order": number}, **large(number, spoilt))
        else:
            logger.warning(text(number), extra={"order": number}, **large(number, spoilt))
    return False


# Its end loses what waits, logging.shutdown() does too: only its own pause delivers.
serve(send, lambda: time.sleep(2))
