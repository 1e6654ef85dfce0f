using Quota.Silo.Journal;
using static Quota.Silo.Tests.Journal.JournalTestKit;

namespace Quota.Silo.Tests.Journal;

/// <summary>
/// The promise: what was acknowledged is found again, and what is found is a prefix of what was appended; over many lives of
/// one journal, each ended by a power cut, a kill or a close at any moment.
/// </summary>
public sealed class JournalPowerCutTests
{
    [Fact]
    public void Acknowledged_records_are_found_and_found_records_are_a_prefix()
    {
        int first = Environment.TickCount & 0xffffff;
        for (int seed = first; seed < first + 2_000; seed++)
        {
            try
            {
                new Life(seed).Run();
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"seed {seed}", failure);
            }
        }
    }

    /// <summary>One journal, several lives. Deterministic: the steps of both threads are run by hand.</summary>
    private sealed class Life(int seed)
    {
        private readonly Random _random = new(seed);
        private readonly List<int> _log = [];
        private readonly List<ValueTask<bool>> _waiting = [];
        private SimulatedDisk _disk = new();
        private int _next;
        private int _durable;
        private int _written;
        private int _released;

        public void Run()
        {
            int lives = _random.Next(1, 6);
            for (int life = 0; life < lives; life++)
            {
                LiveOnce();
            }
            _disk.Before = null;
            Reopen();
        }

        private void LiveOnce()
        {
            // The power may fail at any operation on the disk, also during the opening.
            int cutAt = _random.Next(_random.Next(2) == 0 ? 30 : 200);
            SimulatedDisk disk = _disk;
            disk.Before = (_, _) =>
            {
                if (cutAt-- == 0)
                {
                    throw new PowerCutException();
                }
            };
            _waiting.Clear();
            try
            {
                FileJournal journal = Reopen();
                int steps = _random.Next(60);
                for (int step = 0; step < steps; step++)
                {
                    Step(journal);
                }
                End(journal);
            }
            catch (PowerCutException)
            {
                CutPower();
            }
        }

        private void Step(FileJournal journal)
        {
            switch (_random.Next(10))
            {
                case < 5:
                    TryAppend(journal);
                    break;
                case < 8:
                    Commit(journal);
                    break;
                case 8:
                    journal.SupplyOnce();
                    break;
                default:
                    // What the executor does: read the segment, make sure that the store has everything, release.
                    long segment = journal.ActiveSegment;
                    Commit(journal);
                    _released = _next;
                    journal.Release(segment);
                    break;
            }
        }

        private void TryAppend(FileJournal journal)
        {
            byte[] record = Record(_next, _random.Next(4, _random.Next(4) == 0 ? RecordBytesMax : 100));
            if (!journal.TryAppend(record, out long position))
            {
                return;
            }
            _log.Add(_next++);
            _waiting.Add(journal.WaitDurableAsync(position));
            if (_random.Next(4) == 0 && journal.EnsureWritten(position))
            {
                _written = _next;
            }
        }

        private void Commit(FileJournal journal)
        {
            journal.CommitOnce();
            Assert.Equal(JournalStatus.Running, journal.Status);
            foreach (ValueTask<bool> waiter in _waiting)
            {
                Task<bool> task = waiter.AsTask();
                Assert.True(task.Wait(Patience) && task.Result);
            }
            _waiting.Clear();
            _durable = _written = _next;
        }

        private void End(FileJournal journal)
        {
            switch (_random.Next(3))
            {
                case 0:
                    CutPower();
                    break;
                case 1:
                    _disk.ReleaseLock();
                    break;
                default:
                    journal.DisposeAsync().AsTask().GetAwaiter().GetResult();
                    _durable = _written = _next;
                    break;
            }
        }

        private void CutPower()
        {
            _disk = _disk.CutPower(_random);
            _written = _durable;
        }

        private FileJournal Reopen()
        {
            List<byte[]> records = [];
            FileJournal journal = MustOpen(Options(_disk), records);
            int[] found = [.. records.Select(NumberOf)];
            int start = found.Length == 0 ? 0 : _log.IndexOf(found[0]);
            Assert.Equal(_log.Skip(start).Take(found.Length), found);
            Assert.True(_log.Take(start).All(number => number < _released), $"begins at {found.FirstOrDefault()}, released {_released}");
            int reached = found.Length == 0 ? _released : found[^1] + 1;
            Assert.True(_log.TrueForAll(number => number >= _written || number < reached), $"written {_written}, durable {_durable}, found up to {reached}");
            // What was not found never happened; the log goes on from here, and what was found is durable now.
            _log.RemoveAll(number => number >= reached);
            _durable = _written = _next;
            return journal;
        }
    }

    private sealed class PowerCutException : Exception;
}
