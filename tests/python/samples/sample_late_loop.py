"""A test that imports asyncio itself, and a callback that fails."""

import unittest


class Late(unittest.TestCase):
    def test_callback(self) -> None:
        import asyncio

        async def main() -> None:
            asyncio.get_running_loop().call_soon(self.assertEqual, 1, 2)
            await asyncio.sleep(0)

        asyncio.run(main())
