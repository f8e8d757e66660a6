"""How records move and meet."""
