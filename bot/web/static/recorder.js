// A voice message: one tap begins, one tap sends.

const LONGEST_SECONDS = 120;
const KINDS = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];

export class Recorder {
  constructor(form, say, on) {
    this.form = form;
    this.on = on;
    this.bar = document.getElementById("recording");
    this.length = document.getElementById("length");
    this.works = Boolean(window.MediaRecorder && navigator.mediaDevices && navigator.mediaDevices.getUserMedia);
    document.getElementById("voice").onclick = () => this.begin();
    document.getElementById("discard").onclick = () => this.end(false);
    document.getElementById("finish").onclick = () => this.end(true);
  }

  async begin() {
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch (error) {
      this.on.refused();
      return;
    }
    const kind = KINDS.find((one) => MediaRecorder.isTypeSupported(one));
    this.recorder = new MediaRecorder(this.stream, kind ? { mimeType: kind } : undefined);
    this.parts = [];
    this.recorder.ondataavailable = (event) => this.parts.push(event.data);
    this.recorder.onstop = () => this.stopped();
    this.recorder.start();
    this.began = Date.now();
    this.ticking = setInterval(() => this.tick(), 250);
    this.show(true);
    document.getElementById("finish").focus();
  }

  tick() {
    const seconds = Math.floor((Date.now() - this.began) / 1000);
    this.length.textContent = Math.floor(seconds / 60) + ":" + String(seconds % 60).padStart(2, "0");
    if (seconds >= LONGEST_SECONDS) this.end(true);
  }

  end(wanted) {
    this.wanted = wanted;
    if (this.recorder.state !== "inactive") this.recorder.stop();
  }

  stopped() {
    clearInterval(this.ticking);
    for (const track of this.stream.getTracks()) track.stop();
    this.show(false);
    this.length.textContent = "0:00";
    if (this.wanted) this.on.done(new Blob(this.parts, { type: this.recorder.mimeType.split(";")[0] || "audio/webm" }));
  }

  show(recording) {
    this.bar.hidden = !recording;
    this.form.hidden = recording;
  }
}
