"""Random numbers that are functions of where they are used: of a seed, a member, a step and a place in it."""

MOST = 4  # numbers of one call, and components of one slot
