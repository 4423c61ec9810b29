"""Parts that pages share: times, values, bars and links in HTML."""
