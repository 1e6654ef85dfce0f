using System.Globalization;
using Quota.Bench.Load;

namespace Quota.Bench.Servers;

/// <summary>
/// redis-server with a sliding window in Lua: the usual rate limiter beside a proxy, here without the proxy and the library in
/// front of it. The window is the same as the silo's: ten buckets in one hash, summed by the script.
/// </summary>
internal static class RedisServer
{
    public const string Program = "redis-server";
    public const string Generator = "redis-benchmark";

    private const string Script = """
        local t = redis.call('TIME')
        local bucket = math.floor((t[1] * 1000000 + t[2]) / 100000)
        local slot = tostring(bucket % 11)
        local f = redis.call('HMGET', KEYS[1], '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10', 'b')
        local last = tonumber(f[12]) or bucket
        local used = 0
        for i = 1, 11 do used = used + (tonumber(f[i]) or 0) end
        if bucket > last then
          for b = last + 1, math.min(bucket, last + 11) do
            local s = b % 11
            used = used - (tonumber(f[s + 1]) or 0)
            redis.call('HDEL', KEYS[1], tostring(s))
          end
          redis.call('HSET', KEYS[1], 'b', bucket)
        end
        local cost = tonumber(ARGV[2])
        if used + cost > tonumber(ARGV[1]) then return {0, tonumber(ARGV[1]) - used} end
        redis.call('HINCRBY', KEYS[1], slot, cost)
        if used == 0 then redis.call('HSET', KEYS[1], 'b', bucket) redis.call('EXPIRE', KEYS[1], 2) end
        return {1, tonumber(ARGV[1]) - used - cost}
        """;

    /// <param name="folder">Where it keeps its log, if it keeps one.</param>
    /// <param name="durable">Whether every write is synced before it is answered (<c>appendfsync always</c>); otherwise nothing is kept.</param>
    public static async Task<ServerProcess> StartAsync(string folder, bool durable)
    {
        int port = ServerProcess.FreePort();
        ServerProcess server = ServerProcess.Start(Program,
            ["--port", $"{port}", "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", durable ? "yes" : "no", "--appendfsync", "always"], port);
        await server.WaitForPortAsync();
        return server;
    }

    /// <summary>Runs redis-benchmark for about the duration; its latencies have a resolution of some microseconds.</summary>
    public static LoadResult Run(ServerProcess server, LoadShape shape, TimeSpan duration, double expectedPerSecond)
    {
        string port = server.Port.ToString(CultureInfo.InvariantCulture);
        string sha = H2Load.Execute("redis-cli", ["-p", port, "SCRIPT", "LOAD", Script]).Trim();
        int requests = Math.Max(2_000, (int)(expectedPerSecond * duration.TotalSeconds));
        double before = server.ProcessorSeconds();
        string csv = H2Load.Execute(Generator,
            ["-p", port, "-c", $"{shape.Clients * shape.Streams}", "-n", $"{requests}", "--csv", "EVALSHA", sha, "1", "customer-key-0000000001", "1000000000", "1"]);
        double processor = server.ProcessorSeconds() - before;
        // "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"
        double[] fields = [.. csv.Trim().Split('\n')[^1].Split("\",\"").Skip(1).Select(f => double.Parse(f.Trim('"', ' '), CultureInfo.InvariantCulture))];
        return new LoadResult(fields[0], fields[3] * 1000, fields[5] * 1000, double.NaN, processor * 1e6 / requests);
    }
}
