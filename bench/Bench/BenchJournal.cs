using Quota.Silo.Journal;

namespace Quota.Bench;

/// <summary>The product's journal in a folder of the benchmark.</summary>
internal static class BenchJournal
{
    public static FileJournal Open(BenchContext context)
    {
        var options = new JournalOptions { Files = new DiskJournalFiles(context.NewFolder("journal")) };
        JournalOpening opening = FileJournal.Open(options, static (_, _) => { });
        return opening.IsOpen ? opening.Journal : throw new InvalidOperationException(opening.Message);
    }

    /// <summary>Which file system the benchmark's folders are on.</summary>
    public static string DiskOf(BenchContext context)
    {
        string folder = context.NewFolder("disk");
        string[] best = ["", "", "unknown"];
        foreach (string line in File.ReadLines("/proc/self/mounts"))
        {
            string[] fields = line.Split(' ');
            if ((folder + "/").StartsWith(fields[1].TrimEnd('/') + "/", StringComparison.Ordinal) && fields[1].Length >= best[1].Length)
            {
                best = fields;
            }
        }
        return $"{best[2]} ({best[0]})";
    }
}
