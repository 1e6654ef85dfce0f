using System.Diagnostics;
using Quota.Silo.Journal;
using static Quota.Silo.Tests.Journal.JournalTestKit;

namespace Quota.Silo.Tests.Journal;

/// <summary>Whatever the files hold, opening them ends, with an outcome, and never invents a record.</summary>
public sealed class JournalFuzzTests
{
    [Fact]
    public void Mutated_files_end_in_an_outcome_and_only_true_records()
    {
        Dictionary<string, byte[]> files = WriteSome();
        int first = Environment.TickCount & 0xffffff;
        long start = Stopwatch.GetTimestamp();
        for (int seed = first; seed < first + 500; seed++)
        {
            Random random = new(seed);
            SimulatedDisk disk = SimulatedDisk.From(Mutate(random, files));
            List<byte[]> records = [];
            try
            {
                JournalOpening opening = FileJournal.Open(
                    Options(disk) with { AcceptLoss = random.Next(2) == 0 }, (record, _) => records.Add(record.ToArray()));
                int[] found = [.. records.Select(NumberOf)];
                Assert.Equal(found.Order().Distinct(), found);
                Assert.True(opening.IsOpen || opening.Message.Length > 0);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"seed {seed}", failure);
            }
        }
        Assert.True(Stopwatch.GetElapsedTime(start) < Patience);
    }

    private static Dictionary<string, byte[]> WriteSome()
    {
        SimulatedDisk disk = new();
        FileJournal journal = MustOpen(Options(disk));
        for (int number = 0; number < 150; number++)
        {
            Append(journal, number, 4 + (number * 13 % 600));
            if (number % 3 == 0)
            {
                journal.CommitOnce();
                journal.SupplyOnce();
            }
        }
        journal.CommitOnce();
        return disk.Names.ToDictionary(name => name, name => disk.Content(name).ToArray());
    }

    private static Dictionary<string, byte[]> Mutate(Random random, Dictionary<string, byte[]> files)
    {
        Dictionary<string, byte[]> mutated = files.ToDictionary(file => file.Key, file => file.Value.ToArray());
        for (int mutations = random.Next(1, 8); mutations > 0; mutations--)
        {
            string name = random.GetItems([.. mutated.Keys], 1)[0];
            byte[] content = mutated[name];
            int at = random.Next(Math.Max(1, content.Length));
            int bytes = Math.Min(random.Next(1, 2000), content.Length - at);
            switch (random.Next(8))
            {
                case 0 or 1 or 2 when content.Length > 0:
                    content[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 3:
                    random.NextBytes(content.AsSpan(at, bytes));
                    break;
                case 4:
                    content.AsSpan(at, bytes).Clear();
                    break;
                case 5:
                    // Bytes of one place at another, as a misdirected write leaves them.
                    byte[] other = mutated[random.GetItems([.. mutated.Keys], 1)[0]];
                    other.AsSpan(0, Math.Min(bytes, other.Length)).CopyTo(content.AsSpan(at));
                    break;
                case 6:
                    mutated[name] = content[..at];
                    break;
                default:
                    mutated.Remove(name);
                    mutated["journal-" + random.Next(20).ToString("x16")] = content;
                    mutated["journal-" + random.Next(20).ToString("x16") + ".qj"] = content;
                    break;
            }
        }
        return mutated;
    }
}
