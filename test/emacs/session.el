;;; What a user does in Emacs with a policy open, step by step; the outcome of each goes to a JSON file.  -*- lexical-binding: t -*-
;; Started by emacs.scenario.ts as: emacs --batch --eval (package-activate-all) -l SETUP -l session.el
;; Environment: PVPOLICY_OUT, the file to write.  The sample is in the current folder.

(require 'cl-lib)
(require 'json)

(defvar outcome nil)
(defvar limit 20) ; seconds

(defun note (key value) (push (cons key value) outcome))

(defun until (done)
  "Let the server and Emacs's timers work until DONE holds; answer whether it does."
  (let ((end (+ (float-time) limit)))
    (while (and (not (funcall done)) (< (float-time) end))
      (accept-process-output nil 0.05))
    (and (funcall done) t)))

(defun pause ()
  "What Emacs does when a user's command has ended and no key comes."
  (run-hooks 'post-command-hook)
  (when (fboundp 'eglot--signal-textDocument/didChange)
    (eglot--signal-textDocument/didChange)))

(defun messages ()
  (vconcat (mapcar (lambda (found)
                     (list (cons 'line (1- (line-number-at-pos (flymake-diagnostic-beg found))))
                           (cons 'error (and (memq (flymake-diagnostic-type found) '(:error eglot-error)) t))
                           (cons 'message (flymake-diagnostic-text found))))
                   (flymake-diagnostics))))

(defun go (text &optional nth)
  (goto-char (point-min))
  (search-forward text nil nil (or nth 1))
  (goto-char (match-beginning 0)))

(defun text () (buffer-substring-no-properties (point-min) (point-max)))

(defun ask (method &optional more)
  (jsonrpc-request (eglot-current-server) method (append (eglot--TextDocumentPositionParams) more) :timeout limit))

(defun session ()
  (find-file "sample.pvpolicy")
  (note 'mode (symbol-name major-mode))
  (pause)
  (note 'attached (until #'eglot-managed-p))
  (flymake-start)
  (until (lambda () (> (length (flymake-diagnostics)) 0)))
  (note 'diagnostics (messages))

  (go "sched_switch")
  (note 'hover (plist-get (plist-get (ask :textDocument/hover) :contents) :value))

  ;; The quick fix that defers the boost, applied as eglot applies one.
  (go "boost(v")
  (let* ((position (eglot--pos-to-lsp-position))
         (actions (ask :textDocument/codeAction
                       (list :range (list :start position :end position) :context '(:diagnostics []))))
         (defers (cl-find-if (lambda (one) (string-match-p "[Dd]efer" (plist-get one :title))) actions)))
    (note 'fixed (plist-get defers :title))
    (eglot--apply-workspace-edit (plist-get defers :edit)))
  (note 'fixed_text (text))
  (pause)
  (note 'clean (until (lambda () (null (flymake-diagnostics)))))

  (go "boost(v")
  (forward-char 2)
  (note 'completions
        (vconcat (mapcar (lambda (item) (plist-get item :label))
                         (plist-get (ask :textDocument/completion) :items))))

  (eglot-format-buffer)
  (note 'formatted (text))
  (pause)
  (go "limit")
  (eglot-rename "bound")
  (note 'renamed (text))

  (goto-char (point-max))
  (insert "param broken: = 3\n")
  (pause)
  (note 'broken (until (lambda () (> (length (flymake-diagnostics)) 0))))
  (set-buffer-modified-p nil)
  (let ((server (eglot-current-server)))
    (eglot-shutdown server)
    (note 'stopped (until (lambda () (not (jsonrpc-running-p server)))))))

(condition-case problem (session)
  (error (note 'problem (format "%S" problem))))
(with-temp-file (getenv "PVPOLICY_OUT") (insert (json-encode outcome)))
(kill-emacs 0)
