using System.Diagnostics;
using System.Globalization;
using Quota.Bench.Servers;

namespace Quota.Bench.Load;

/// <summary>Runs h2load (nghttp2): closed loop, or at a fixed rate. One generator thread, so that one core is left to the server.</summary>
internal static class H2Load
{
    public const string Program = "h2load";

    /// <param name="server">Whose processor time is measured.</param>
    /// <param name="path">What is called.</param>
    /// <param name="bodyPath">The message to post, framed; null for a GET.</param>
    /// <param name="shape">Connections and calls in flight.</param>
    /// <param name="duration">The measured time; a quarter of it is warm-up before.</param>
    /// <param name="logPath">A file to use for the single latencies; overwritten and deleted.</param>
    /// <param name="ratePerClient">Calls per second and connection; null for as many as it goes.</param>
    public static LoadResult Run(ServerProcess server, string path, string? bodyPath, LoadShape shape, TimeSpan duration, string logPath, int? ratePerClient = null)
    {
        File.Delete(logPath);
        int milliseconds = (int)duration.TotalMilliseconds;
        List<string> arguments = ["-t", "1", "-c", $"{shape.Clients}", "-m", $"{shape.Streams}", "-D", $"{milliseconds}ms", "--warm-up-time", $"{milliseconds / 4}ms", "--log-file", logPath];
        if (bodyPath is not null)
        {
            arguments.AddRange(["-d", bodyPath, "-H", "content-type: application/grpc", "-H", "te: trailers"]);
        }
        if (ratePerClient is { } rate)
        {
            arguments.AddRange(["--rps", rate.ToString(CultureInfo.InvariantCulture)]);
        }
        arguments.Add($"http://127.0.0.1:{server.Port}{path}");
        double before = server.ProcessorSeconds();
        string output = Execute(Program, arguments);
        double processor = server.ProcessorSeconds() - before;
        long[] latencies = ReadLog(logPath, out long answers, out double seconds);
        File.Delete(logPath);
        if (answers == 0 || latencies.Length < answers * 0.999)
        {
            throw new InvalidOperationException($"{Program} {path}: {answers - latencies.Length} of {answers} calls failed: {output}");
        }
        // The log leaves out the warm-up, the processor time does not: the same calls per second were answered during it.
        double perSecond = latencies.Length / seconds;
        return new LoadResult(
            perSecond, Statistics.Percentile(latencies, 0.5), Statistics.Percentile(latencies, 0.99), Statistics.Percentile(latencies, 0.999),
            processor * 1e6 / (perSecond * seconds * 1.25));
    }

    public static string Execute(string program, IEnumerable<string> arguments)
    {
        var info = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(info)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} failed: {output} {errors.Result}");
    }

    /// <summary>Lines of: start in microseconds since 1970, HTTP status, latency in microseconds. Returns the latencies, sorted.</summary>
    private static long[] ReadLog(string path, out long answers, out double seconds)
    {
        var latencies = new List<long>();
        long first = long.MaxValue, last = 0;
        answers = 0;
        foreach (string line in File.ReadLines(path))
        {
            string[] fields = line.Split('\t');
            answers++;
            if (fields[1] == "200")
            {
                long start = long.Parse(fields[0], CultureInfo.InvariantCulture);
                long latency = long.Parse(fields[2], CultureInfo.InvariantCulture);
                latencies.Add(latency);
                first = Math.Min(first, start);
                last = Math.Max(last, start + latency);
            }
        }
        seconds = Math.Max(1, last - first) / 1e6;
        long[] sorted = [.. latencies];
        Array.Sort(sorted);
        return sorted;
    }
}
