using System.Buffers.Binary;
using Quota.Grains.Model;
using Quota.Silo.Execution.Local;

namespace Quota.Silo.Tests.Execution;

/// <summary>The table against a dictionary, also with hashes that collide on purpose.</summary>
public sealed class ShardTests
{
    [Theory]
    [InlineData(1, ulong.MaxValue)]
    [InlineData(2, 0xFFFF_FFFF_0000_001FUL)]
    [InlineData(3, 0x0000_0001_0000_0003UL)]
    public void Behaves_as_a_dictionary(int seed, ulong hashMask)
    {
        var layouts = new LayoutRegistry();
        layouts.Restore(new CounterLayout([CounterShape.FixedWindow("a", 1_000_000_000)]));
        layouts.Restore(new CounterLayout([CounterShape.SlidingWindow("a", 1_000_000_000, 60), CounterShape.SlidingWindow("b", 1_000_000_000, 60), CounterShape.SlidingWindow("c", 1_000_000_000, 60)]));
        var shard = new Shard(layouts);
        var expected = new Dictionary<int, (int Layout, byte Fill)>();
        var random = new Random(seed);
        for (int step = 0; step < 20_000; step++)
        {
            int key = random.Next(300);
            byte[] id = Id(key);
            ulong hash = unchecked((ulong)key * 0x9E3779B97F4A7C15UL) & hashMask;
            int block = shard.Find(hash, id);
            Assert.True(expected.ContainsKey(key) == (block != Shard.NotFound), $"seed {seed} step {step}");
            int layout = random.Next(2);
            byte fill = (byte)random.Next(256);
            byte[] state = Enumerable.Repeat(fill, layouts[layout].SizeBytes).ToArray();
            switch (random.Next(10))
            {
                case < 5 when block == Shard.NotFound:
                    shard.Insert(hash, id, layout, state, (uint)step);
                    expected[key] = (layout, fill);
                    break;
                case 5 when block != Shard.NotFound:
                    shard.Relayout(block, layout, state);
                    expected[key] = (layout, fill);
                    break;
                case 6 when block != Shard.NotFound:
                    shard.Entry(block).TouchedSeconds = (uint)step;
                    break;
                case 7 when step % 50 == 0:
                    shard.Evict(100, (uint)step - 40);
                    foreach (int gone in expected.Keys.Where(k => shard.Find(unchecked((ulong)k * 0x9E3779B97F4A7C15UL) & hashMask, Id(k)) == Shard.NotFound).ToList())
                    {
                        expected.Remove(gone);
                    }
                    break;
            }
            Assert.Equal(expected.Count, shard.Count);
        }
        foreach ((int key, (int layout, byte fill)) in expected)
        {
            int block = shard.Find(unchecked((ulong)key * 0x9E3779B97F4A7C15UL) & hashMask, Id(key));
            Assert.Equal(layout, shard.Entry(block).Layout);
            Assert.Equal(Id(key), shard.Id(block).ToArray());
            Assert.Equal(-1, shard.State(block).IndexOfAnyExcept(fill));
        }
        Assert.True(expected.Count > 20);
    }

    [Fact]
    public void Evicts_only_what_is_clean_saved_and_idle()
    {
        var layouts = new LayoutRegistry();
        layouts.Restore(new CounterLayout([CounterShape.FixedWindow("a", 1_000_000_000)]));
        var shard = new Shard(layouts);
        byte[] state = new byte[16];
        int idle = shard.Insert(1, Id(1), 0, state, 10);
        int dirty = shard.Insert(2, Id(2), 0, state, 10);
        int saving = shard.Insert(3, Id(3), 0, state, 10);
        int recent = shard.Insert(4, Id(4), 0, state, 20);
        shard.MarkDirty(dirty);
        shard.Entry(saving).Flags = BlockFlags.Saving;
        Assert.Equal(1, shard.Evict(100, 20));
        Assert.Equal(Shard.NotFound, shard.Find(1, Id(1)));
        Assert.Equal((dirty, saving, recent), (shard.Find(2, Id(2)), shard.Find(3, Id(3)), shard.Find(4, Id(4))));
        Assert.Equal(1, shard.Departures);
        Assert.Equal(idle, shard.Insert(5, Id(5), 0, state, 20));
    }

    private static byte[] Id(int key)
    {
        byte[] id = new byte[4 + (key % 40)];
        BinaryPrimitives.WriteInt32LittleEndian(id, key);
        return id;
    }
}
