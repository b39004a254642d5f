"""A written formula as tokens, for the readers that compute it anew: one for LaTeX, one for readable text."""


class Tokens:
    """The tokens of a text, taken one by one; what the pattern does not know fails."""

    def __init__(self, pattern, text):
        self.tokens, self.at, at = [], 0, 0
        while at < len(text.rstrip()):
            match = pattern.match(text, at)
            assert match, text[at:]
            self.tokens.append(match[1])
            at = match.end()

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, *expected):
        token = self.peek()
        assert not expected or token in expected, (expected, self.tokens[self.at :])
        self.at += 1
        return token

    def whole(self):
        value = self.sum()
        assert self.at == len(self.tokens), self.tokens[self.at :]
        return value
