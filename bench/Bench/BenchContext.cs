namespace Quota.Bench;

/// <summary>What a part of the benchmark gets: its options, a folder of its own on a real disk, and the report to add to.</summary>
internal sealed class BenchContext(BenchOptions options, string folder)
{
    public bool Quick => options.Quick;

    /// <summary>The part <c>shared</c> measures an Orleans cluster as well.</summary>
    public bool WithOrleans => options.WithOrleans;

    public List<Measurement> Measurements { get; } = [];

    public List<string> Notes { get; } = [];

    public void Add(Measurement measurement) => Measurements.Add(measurement);

    /// <summary>Says once, below the table, what a reader must know to read it.</summary>
    public void Note(string note)
    {
        if (!Notes.Contains(note))
        {
            Notes.Add(note);
        }
    }

    /// <summary>Tells whoever watches what goes on.</summary>
    public static void Say(string progress) => Console.Error.WriteLine($"{DateTime.Now:HH:mm:ss} {progress}");

    /// <summary>A new folder; it is deleted with everything in it when the benchmark ends.</summary>
    public string NewFolder(string name)
    {
        string path = Path.Combine(folder, $"{name}-{Guid.NewGuid():n}");
        Directory.CreateDirectory(path);
        return path;
    }
}
