using System.Text;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Cluster.Forwarding;
using Quota.Silo.Execution;

namespace Quota.Silo.Tests.Cluster.Forwarding;

public sealed class PartitionTests
{
    /// <summary>APPEND-ONLY: silos of two versions send each other checks during a rolling upgrade.</summary>
    [Theory]
    [InlineData("acme", "key-1", 1024, 405)]
    [InlineData("acme", "key-2", 1024, 121)]
    [InlineData("acme", "key-1", 7, 2)]
    [InlineData("beta", "key-1", 1024, 727)]
    [InlineData("acm", "ekey-1", 1024, 2)]
    [InlineData("acme", "ключ", 32768, 16046)]
    public void The_number_of_a_partition_is_the_same_in_every_version(string owner, string key, int partitions, int expected) =>
        Assert.Equal(expected, PartitionNumber.Of(Encoding.UTF8.GetBytes(owner), Encoding.UTF8.GetBytes(key), partitions));

    [Fact]
    public void The_map_is_the_same_in_every_version()
    {
        PartitionMap map = Map(12, "10.0.0.1:11111", "10.0.0.2:11111", "10.0.0.3:11111");
        Assert.Equal("2,0,0,2,1,0,1,2,2,2,0,0", string.Join(',', Enumerable.Range(0, 12).Select(map.OwnerOf)));
    }

    [Fact]
    public void Keys_spread_evenly_over_partitions()
    {
        int[] counts = new int[1024];
        for (int i = 0; i < 102_400; i++)
        {
            counts[PartitionNumber.Of("acme"u8, Encoding.UTF8.GetBytes("key-" + i), counts.Length)]++;
        }
        // 100 expected, a deviation of 10: six of them.
        Assert.All(counts, c => Assert.InRange(c, 40, 160));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(16)]
    public void Partitions_spread_evenly_over_silos(int silos)
    {
        PartitionMap map = Map(1024, [.. Enumerable.Range(0, silos).Select(i => $"10.0.0.{i}:11111")]);
        double expected = 1024.0 / silos;
        int[] counts = [.. Enumerable.Range(0, silos).Select(s => Enumerable.Range(0, 1024).Count(p => map.OwnerOf(p) == s))];
        Assert.All(counts, c => Assert.InRange(c, expected - (5 * Math.Sqrt(expected)), expected + (5 * Math.Sqrt(expected))));
    }

    [Fact]
    public void A_silo_that_joins_or_leaves_moves_only_its_own_partitions()
    {
        PartitionMap three = Map(1024, "a", "b", "c");
        PartitionMap four = Map(1024, "a", "b", "c", "d");
        int moved = 0;
        for (int partition = 0; partition < 1024; partition++)
        {
            string before = three.Members[three.OwnerOf(partition)].Name;
            string after = four.Members[four.OwnerOf(partition)].Name;
            moved += before == after ? 0 : 1;
            Assert.True(before == after || after == "d");
        }
        Assert.InRange(moved, 180, 330);
    }

    [Fact]
    public void Silos_in_any_order_make_the_same_map()
    {
        PartitionMap one = Map(256, "a", "b", "c");
        PartitionMap other = Map(256, "c", "a", "b");
        Assert.All(Enumerable.Range(0, 256), p => Assert.Equal(one.Members[one.OwnerOf(p)].Name, other.Members[other.OwnerOf(p)].Name));
    }

    [Fact]
    public void Without_silos_nobody_owns_anything() => Assert.All(Enumerable.Range(0, 8), p => Assert.Equal(-1, Map(8).OwnerOf(p)));

    [Fact]
    public void A_key_is_in_the_partition_of_the_topmost_key_above_it()
    {
        var plan = new PlanModel("p", []);
        var root = new KeyState("", new KeyModel("", plan));
        var top = new KeyState("top", new KeyModel("top", plan) { Above = root });
        var middle = new KeyState("middle", new KeyModel("middle", plan) { Above = top });
        Assert.Equal(Of("top", root), Of("child", middle));
        Assert.Equal(Of("top", root), Of("other", top));
        Assert.Equal(Of("alone", null), Of("alone", root));
        Assert.NotEqual(Of("alone", root), Of("top", root));

        int Of(string key, KeyState? above)
        {
            var command = new GrainCommand(new CostVector(1))
            {
                Namespace = new NamespaceModel("acme") { Plans = new Utf8Map<PlanModel>([]), Keys = new Utf8Map<KeyState>([]) },
                Plan = plan,
                IsPlanConfigured = true,
                Key = Encoding.UTF8.GetBytes(key),
                Above = above,
                Attributes = default,
                Now = default,
            };
            return PartitionNumber.Of(command, 1024);
        }
    }

    private static PartitionMap Map(int partitions, params string[] silos) => new(partitions, silos.Select(s => new PartitionMember(s, s, false)));
}
